// numbers.py for a page without Python: the same functions, by the same names, with C = its constants().
function numbers(C) {
  const {exp, abs, sign, min, max, round} = Math;
  const {range, total, sorted, standard, leak, psc, psp, pspSlope, peakTime, corrected, trial, onGrid, exact, euler,
    transport, told, crossEntropy, oneMinusP, single, weighted, reach, ofWeight, chain} = twin(C);
  const others = C.classes - 1;
  const grid = ([first, last, step]) => range(0, round((last - first) / step) + 1).map(i => first + step * i);
  const column = (rows, ...names) => Object.fromEntries(names.map(name => [name, rows.map(row => row[name])]));
  return {
    epsp({tau_m, tau_s, weight}) {
      const n = [tau_m, tau_s], t = grid(C.epsp_time), start = C.epsp_spike, peak_time = peakTime(n);
      return {t, I: t.map(x => weight * psc(x - start, n)), V: t.map(x => weight * psp(x - start, n)),
        peak_time, peak_at: start + peak_time, peak_height: weight * psp(peak_time, n)};
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
      const every = max(1, round(C.closest / dt)), fine = grid(C.pair_time), sum = t => total(C.pair, spike => psp(t - spike, standard));
      const samples = onGrid(trial(C.pair, scaled ? corrected(dt, standard) : 1, C.pair_time[1], dt).samples);
      samples.forEach(s => { s.error = s.V - sum(s.t); });
      return {...column(samples.filter((_, i) => i % every === 0), "t", "V", "error"), fine, exact: fine.map(sum),
        largest: max(...samples.map(s => abs(s.error)))};
    },
    adjoint({spikes, duration, scheme, dt, weight, corrected: scaled, tau_m, tau_s}) {
      const step = scheme === "exact" ? C.closest : dt, n = [tau_m, tau_s];
      const tr = trial(spikes, weight * (scaled ? corrected(1, n) : 1), duration, step, n), drive = (t, V) => oneMinusP(V);
      const steps = onGrid(tr.samples), every = round(C.closest / step);
      if (scheme === "exact") exact(tr, drive); else euler({samples: steps, n}, drive, step);
      const at = sorted(spikes).map(t => transport(steps[round(t / step)]));
      const rows = steps.filter((_, i) => i % every === 0);
      rows.forEach(s => { s.transport = transport(s); });
      return {...column(rows, "t", "V", "lambda_V", "lambda_I", "transport"), told: at, descent: at.map(x => -sign(weight) * x), sum: total(at)};
    },
    symmetry({spikes, duration, loss}) {
      const {value, drive} = single(loss), times = sorted(spikes), span = times[times.length - 1] - times[0];
      const at = first => trial(times.map(t => t - times[0] + first), 1, duration, duration / 20), here = at(times[0]);
      const start = [...new Set(range(0, C.shifts).map(i => round(i * (duration - C.closest - span) / (C.shifts - 1))))], values = start.map(first => value(at(first)));
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
      const {first, step, late} = C.pull_times, ends = grid(late).map(x => duration - x).reverse();
      const t = range(first, duration - late[1], step).concat(ends), at = min(spike, duration - 1);
      return {t, told: t.map(signal), at, here: signal(at)};
    },
    hidden({weight, second, loss}) {
      const {inputs, spikes, output} = chain(weight, second), {value, drive} = single(loss), times = spikes.map(s => s.t);
      exact(output, drive(output));
      const L = value(output), gradient = ofWeight(inputs, spikes, told(output.samples));
      const rows = grid(C.hidden_time).map(t => [t, 0]).concat(times.map(t => [t, 1]), times.map(t => [t, 0])).sort((a, b) => a[0] - b[0] || b[1] - a[1]);
      const V = rows.map(([t, before]) => weight * total(inputs, x => psp(t - x, standard))
        - C.theta * total(times, x => x < t || (x === t && !before) ? leak(t - x, standard) : 0));
      const tangent_x = [weight - C.tangent, weight + C.tangent];
      return {t: rows.map(row => row[0]), V, spikes: times, inputs, count: times.length, theta: C.theta, weight, loss: L, gradient,
        tangent_x, tangent_y: tangent_x.map(x => L + gradient * (x - weight))};
    },
    scan({second, loss}) {
      const weight = grid(C.weights), chains = weight.map(w => chain(w, second));
      return {weight, loss: chains.map(c => single(loss).value(c.output)), spikes: chains.map(c => c.spikes.length)};
    },
  };
}
