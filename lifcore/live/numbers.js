// numbers.py for a page without Python: the same functions, by the same names, with C = its constants().
function numbers(C) {
  const {exp, abs, sign, min, max, round} = Math;
  const {range, total, sorted, standard, leak, psc, psp, pspSlope, peakTime, corrected, trial, onGrid, exact, euler,
    transport, told, crossEntropy, oneMinusP, single, weighted, reach, ofWeight, chain} = twin(C);
  const others = C.classes - 1;
  const column = (rows, ...names) => Object.fromEntries(names.map(name => [name, rows.map(row => row[name])]));
  return {
    epsp({tau_m, tau_s, weight}) {
      const n = [tau_m, tau_s], t = range(75, 300.5, 0.5), peak_time = peakTime(n);
      return {t, I: t.map(x => weight * psc(x - 100, n)), V: t.map(x => weight * psp(x - 100, n)),
        peak_time, peak_at: 100 + peak_time, peak_height: weight * psp(peak_time, n)};
    },
    drawn({peak, seed}) {
      const next = uniforms(seed), rate = t => peak * exp(-((t - C.rate_mid) ** 2) / (2 * C.rate_sigma ** 2));
      return {spikes: range(0, C.trial).filter(t => next() < rate(t) / 1000)};
    },
    forward_trial({spikes, weight, corrected: scaled}) {
      const samples = onGrid(trial(spikes, weight * (scaled ? corrected(1, standard) : 1), C.trial, 1).samples);
      return {...column(samples, "t", "I", "V"), largest: max(...samples.map(s => s.V)), mean: total(samples, s => s.V) / samples.length};
    },
    time_step({dt, corrected: scaled}) {
      const every = max(1, round(C.closest / dt)), fine = range(0, 401), sum = t => total(C.pair, spike => psp(t - spike, standard));
      const samples = onGrid(trial(C.pair, scaled ? corrected(dt, standard) : 1, 400, dt).samples);
      samples.forEach(s => { s.error = s.V - sum(s.t); });
      return {...column(samples.filter((_, i) => i % every === 0), "t", "V", "error"), fine, exact: fine.map(sum),
        largest: max(...samples.map(s => abs(s.error)))};
    },
    adjoint({spikes, duration, scheme, dt, weight, corrected: scaled, tau_m, tau_s}) {
      const step = scheme === "exact" ? C.closest : dt, n = [tau_m, tau_s];
      const tr = trial(spikes, weight * (scaled ? corrected(1, n) : 1), duration, step, n), drive = (t, V) => oneMinusP(V);
      if (scheme === "exact") exact(tr, drive); else euler({...tr, samples: onGrid(tr.samples)}, drive, step);
      const grid = onGrid(tr.samples), every = round(C.closest / step);
      const at = sorted(spikes).map(t => transport(grid[round(t / step)]));
      const rows = grid.filter((_, i) => i % every === 0).map(s => ({...s, transport: transport(s)}));
      return {...column(rows, "t", "V", "lambda_V", "lambda_I", "transport"), told: at, descent: at.map(x => -sign(weight) * x), sum: total(at)};
    },
    symmetry({spikes, duration, loss}) {
      const {value, drive} = single(loss), times = sorted(spikes), span = times[times.length - 1] - times[0];
      const at = first => trial(times.map(t => t - times[0] + first), 1, duration, duration / 20), here = at(times[0]);
      const start = [...new Set(range(0, 81).map(i => round(i * (duration - C.closest - span) / 80)))], values = start.map(first => value(at(first)));
      exact(here, drive(here));
      const pulls = told(here.samples);
      return {start, value: values.map(x => x - values[0]), here: value(here) - values[0], at: times[0], descent: pulls.map(x => -x), sum: total(pulls)};
    },
    pull({loss, tau, duration, spike}) {
      const n = standard, gone = t => psp(min(peakTime(n), duration - t), n);
      const signal = t => {
        const x = duration - t;
        if (loss === "mean cross-entropy") return (crossEntropy(0) - crossEntropy(psp(x, n))) / duration;
        if (loss === "maximum") return x > peakTime(n) ? 0 : oneMinusP(gone(t)) * pspSlope(x, n);
        if (loss === "first spike") {
          if (gone(t) < C.low_threshold) return 0;
          const late = exp(-(x - reach(0, 1, C.low_threshold, min(peakTime(n), x), n)) / tau);
          return others * late / (1 + others * late) / tau;
        }
        const [S, pulled] = weighted[loss](t, x, n, duration, tau);
        return oneMinusP(S / duration) * pulled / duration;
      };
      const t = range(2, duration - 100, 20).concat(range(1, 100, 3).map(x => duration - x).reverse()), at = min(spike, duration - 1);
      return {t, told: t.map(signal), at, here: signal(at)};
    },
    hidden({weight, second, loss}) {
      const {inputs, spikes, output} = chain(weight, second), {value, drive} = single(loss), times = spikes.map(s => s.t);
      exact(output, drive(output));
      const L = value(output), gradient = ofWeight(inputs, spikes, told(output.samples));
      const rows = range(0, 120.5, 0.5).map(t => [t, 0]).concat(times.map(t => [t, 1]), times.map(t => [t, 0])).sort((a, b) => a[0] - b[0] || b[1] - a[1]);
      const V = rows.map(([t, before]) => weight * total(inputs, x => psp(t - x, standard))
        - C.theta * total(times, x => x < t || (x === t && !before) ? leak(t - x, standard) : 0));
      const tangent_x = [weight - 0.6, weight + 0.6];
      return {t: rows.map(row => row[0]), V, spikes: times, inputs, count: times.length, theta: C.theta, weight, loss: L, gradient,
        tangent_x, tangent_y: tangent_x.map(x => L + gradient * (x - weight))};
    },
    scan({second, loss}) {
      const weight = range(0, 121).map(i => i / 10), chains = weight.map(w => chain(w, second));
      return {weight, loss: chains.map(c => single(loss).value(c.output)), spikes: chains.map(c => c.spikes.length)};
    },
  };
}
