// The functions of lifcore that live figures need, for a page without Python; C holds the constants of numbers.py.
// tests/test_twin.py compares what becomes of them with lifcore.
function twin(C) {
  const {exp, expm1, log, log1p, abs, sign, min, max, round, ceil} = Math;
  const range = (start, stop, step = 1) => Array.from({length: max(0, ceil((stop - start) / step))}, (_, i) => start + i * step);
  const total = (list, f = x => x) => list.reduce((sum, x, i) => sum + f(x, i), 0);
  const sorted = times => [...times].sort((a, b) => a - b);
  // lifcore.neuron: the kernels of one spike, for [tau_m, tau_s] = n
  const standard = [C.tau_m, C.tau_s];
  const leak = (t, n) => exp(-t / n[0]);
  const psc = (t, n) => t < 0 ? 0 : exp(-t / n[1]);
  const psp = (t, n) => {
    const x = t * abs(n[0] - n[1]) / n[0] / n[1];
    return t <= 0 ? 0 : t / n[0] * exp(-t / max(...n)) * (x > 0 ? -expm1(-x) / x : 1);
  };
  const pspSlope = (t, n) => (psc(t, n) - psp(t, n)) / n[0];
  const pspIntegral = (t, n) => n[1] * (1 - psc(t, n)) - n[0] * psp(t, n);
  const peakTime = n => n[0] === n[1] ? n[0] : n[0] * log1p((n[0] - n[1]) / n[1]) * n[1] / (n[0] - n[1]);
  const corrected = (dt, n) => n[1] * (1 - exp(-dt / n[1])) * (1 / dt);

  // lifcore.trial: V and I at samples, on a grid of at most `longest` ms and at the spikes, just after them
  function trial(spikes, weight, duration, longest, n = standard) {
    const count = ceil(duration / longest - 1e-9), grid = range(0, count + 1).map(i => [i * duration / count, 0, false]);
    const points = grid.concat(sorted(spikes).map(t => [t, weight, true])).sort((a, b) => a[0] - b[0]);
    let V = 0, I = 0, before = 0;
    const samples = points.map(([t, w, spike]) => {
      const h = t - before;
      [V, I, before] = [V * leak(h, n) + I * psp(h, n), I * psc(h, n) + w, t];
      return {t, V, I, spike};
    });
    return {samples, duration, n};
  }
  const onGrid = samples => samples.filter((s, i) => !samples[i + 1] || samples[i + 1].t > s.t).slice(0, -1);

  // lifcore.quadrature: f(du, t, V, leak(u), psp(u)) at the nodes u of the step of length h that follows a sample
  function nodesOf(h, panels, n, kept = nodesOf.kept ??= new Map()) { // most steps are alike
    const key = `${h} ${panels} ${n}`;
    if (kept.has(key)) return kept.get(key);
    const H = h / panels, u = range(0, panels).flatMap(p => C.nodes.map(x => (p + x) * H)), du = u.map((_, k) => C.lengths[k % C.lengths.length] * H);
    if (kept.size > 1000) kept.clear();
    return kept.set(key, {u, du, decay: u.map(x => leak(x, n)), rise: u.map(x => psp(x, n))}).get(key);
  }
  function atNodes({t, V, I}, h, n, f) {
    const rate = max(1 / min(...n), (V * I >= 0 ? max(abs(V), abs(I)) : abs(V) + abs(I)) / n[0]);
    const {u, du, decay, rise} = nodesOf(h, max(1, ceil(h * rate / 3)), n);
    for (let k = 0; k < u.length; k++) f(du[k], t + u[k], V * decay[k] + I * rise[k], decay[k], rise[k], u[k]);
  }
  function integrate({samples, duration, n}, f) {
    let sum = 0;
    samples.forEach((s, i) => atNodes(s, (samples[i + 1]?.t ?? duration) - s.t, n, (du, t, V) => { sum += du * f(t, V); }));
    return sum;
  }

  // lifcore.adjoint: sets lambda_V and lambda_I at every sample of a trial
  function exact({samples, duration, n}, drive) {
    let v = 0, i = 0, end = duration;
    for (const s of [...samples].reverse()) {
      let h = end - s.t, sourceV = 0, sourceI = 0;
      atNodes(s, h, n, (du, t, V, decay, rise) => {
        const d = du * drive(t, V);
        [sourceV, sourceI] = [sourceV + d * decay / n[0], sourceI + d * rise / n[1]];
      });
      i = i * psc(h, n) + n[0] / n[1] * psp(h, n) * v + sourceI;
      v = v * leak(h, n) + sourceV;
      [s.lambda_V, s.lambda_I, end] = [v, i, s.t];
    }
  }
  function euler({samples, n}, drive, dt) {
    let v = 0, i = 0;
    for (const s of [...samples].reverse()) {
      i += (v - i) / n[1] * dt;
      v += drive(s.t, s.V) / n[0] * dt - v / n[0] * dt;
      [s.lambda_V, s.lambda_I] = [v, i];
    }
  }
  const transport = s => s.lambda_V - s.lambda_I, told = samples => samples.filter(s => s.spike).map(transport);

  // lifcore.losses, for one output that is the right one
  const others = C.classes - 1;
  const crossEntropy = V => { const x = log(others) - V; return max(x, 0) + log1p(exp(-abs(x))); };
  const oneMinusP = V => others / (exp(min(V, 700)) + others);
  const single = name => {
    const g = name === "exponential" ? t => exp(-t / C.chain_tau) : () => 1;
    if (name === "mean cross-entropy")
      return {value: tr => integrate(tr, (t, V) => crossEntropy(V)) / tr.duration, drive: tr => (t, V) => oneMinusP(V) / tr.duration};
    const S = tr => integrate(tr, (t, V) => g(t) * V) / tr.duration;
    return {value: tr => crossEntropy(S(tr)), drive: tr => { const c = oneMinusP(S(tr)) / tr.duration; return t => c * g(t); }};
  };

  // lifcore.weighting: int g V dt and lambda_V - lambda_I under the drive g for a PSP that starts at t, and x = T - t
  const weighted = {
    integral: (t, x, n) => [pspIntegral(x, n), psp(x, n)],
    linear: (t, x, n, T) => [(n[1] * x - n[1] ** 2 * (1 - psc(x, n)) - n[0] * pspIntegral(x, n)) / T, pspIntegral(x, n) / T],
    exponential: (t, x, n, T, tau) => {
      const fast = n.map(each => 1 / (1 / each + 1 / tau)), S = exp(-t / tau) * fast[0] / n[0] * pspIntegral(x, fast);
      return [S, exp(-T / tau) * psp(x, n) + S / tau];
    },
    sigmoid: (t, x, n, T) => {
      const g = r => 0.5 * (1 - Math.tanh((r / T - C.sigmoid[0]) / (2 * C.sigmoid[1])));
      let S = 0, signal = 0;
      atNodes({t, V: 0, I: 1}, min(x, 40 * max(...n)), n, (du, r, V, _, __, u) => { const d = du * g(r); S += d * V; signal += d * (psc(u, n) - V) / n[0]; });
      return [S, signal];
    },
  };

  // lifcore.hidden, for one neuron: its spikes, each with I there
  const voltage = (v, i, u, n) => v * leak(u, n) + i * psp(u, n);
  function peak(v, i, n) {
    const r = (n[0] - n[1]) / n[1], u = n[0] * (r ? (log1p(r) - log1p(r * v / i)) / r : 1 - v / i);
    return i > v ? (i > 0 && isFinite(u) ? max(u, 0) : Infinity) : 0;
  }
  function reach(v, i, theta, high, n) { // Newton's method from the left
    for (let u = 0, k = 0; ; k++) {
      const V = voltage(v, i, u, n), slope = (i * psc(u, n) - V) / n[0];
      const nearer = V < theta ? min(slope > 0 ? u + (theta - V) / slope : high, high) : u;
      if (nearer - u <= 2.3e-16 * u || k === 60) return nearer;
      u = nearer;
    }
  }
  function fire(inputs, weight, duration, n = standard) {
    let v = 0, i = 0, spikes = [];
    sorted(inputs).forEach((start, k, all) => {
      i += weight;
      for (let now = start, end = all[k + 1] ?? duration; ;) {
        const room = min(peak(v, i, n), end - now), spiked = i >= C.theta && voltage(v, i, room, n) >= C.theta;
        const u = spiked ? reach(v, i, C.theta, room, n) : end - now;
        [v, i, now] = [spiked ? 0 : voltage(v, i, u, n), i * psc(u, n), min(now + u, end)];
        if (!spiked) break;
        spikes.push({t: now, I: i});
      }
    });
    return spikes;
  }
  function ofWeight(inputs, spikes, gradient, n = standard) { // dL/dw, backward through the neuron's own spikes
    const events = inputs.map(t => ({t})).concat(spikes.map((s, k) => ({...s, told: gradient[k]}))).sort((a, b) => b.t - a.t);
    let v = 0, i = 0, before = events[0].t, sum = 0;
    for (const {t, I, told} of events) {
      const u = before - t;
      [v, i, before] = [v * leak(u, n), i * psc(u, n) + n[0] / n[1] * psp(u, n) * v, t];
      if (I === undefined) sum -= n[1] * i; else v += (C.theta * v + told) / (I - C.theta);
    }
    return sum;
  }
  const chain = (weight, second) => {
    const inputs = [C.chain_first, second], spikes = fire(inputs, weight, C.chain_duration);
    return {inputs, spikes, output: trial(spikes.map(s => s.t), 1, C.chain_duration, C.chain_duration / 20)};
  };
  return {range, total, sorted, standard, leak, psc, psp, pspSlope, peakTime, corrected, trial, onGrid, exact, euler,
    transport, told, crossEntropy, oneMinusP, single, weighted, reach, ofWeight, chain};
}
