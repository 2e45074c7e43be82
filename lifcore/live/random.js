// numpy.random.default_rng(seed).random(), one number a call: a seed draws here what it draws in the pages' cells.
// SeedSequence turns the seed into 256 bits (after O'Neill's seed_seq_fe), with which PCG64 starts.
function uniforms(seed) {
  const mul = Math.imul, u32 = x => x >>> 0, pool = [], out = [];
  let key = 0x43b0d7e5;
  const hash = value => {
    value = u32(value ^ key);
    key = u32(mul(key, 0x931e8875));
    value = u32(mul(value, key));
    return u32(value ^ (value >>> 16));
  };
  const mix = (x, y) => {
    const r = u32(u32(mul(x, 0xca01f9dd)) - u32(mul(y, 0x4973f715)));
    return u32(r ^ (r >>> 16));
  };
  for (let i = 0; i < 4; i++) pool.push(hash(i ? 0 : seed));
  for (let i = 0; i < 4; i++) for (let j = 0; j < 4; j++) if (i !== j) pool[j] = mix(pool[j], hash(pool[i]));
  let other = 0x8b51f9dd;
  for (let i = 0; i < 8; i++) {
    let value = u32(pool[i % 4] ^ other);
    other = u32(mul(other, 0x58f38ded));
    value = u32(mul(value, other));
    out.push(BigInt(u32(value ^ (value >>> 16))));
  }
  const wide = i => out[2 * i] | (out[2 * i + 1] << 32n), mask = (1n << 128n) - 1n;
  const step = 0x2360ed051fc65da44385df649fccf645n, odd = ((((wide(2) << 64n) | wide(3)) << 1n) | 1n) & mask;
  const advance = state => (state * step + odd) & mask;
  let state = advance((odd + ((wide(0) << 64n) | wide(1))) & mask);
  return () => {
    state = advance(state);
    const x = ((state >> 64n) ^ state) & 0xffffffffffffffffn, turn = state >> 122n;
    const bits = ((x >> turn) | (x << ((64n - turn) & 63n))) & 0xffffffffffffffffn;
    return Number(bits >> 11n) / 2 ** 53;
  };
}
