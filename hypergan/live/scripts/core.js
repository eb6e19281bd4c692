// The numerical core of the live figures: noise -> mixer -> generators -> target networks.
// A classic script without dependencies, so that it runs from disk, in a page and in Node alike.
// Letters as in the package: N networks, B inputs, C classes, P weights.
(function () {
  "use strict";
  const hypergan = (globalThis.hypergan = globalThis.hypergan || { numbers: {} });

  // Numbers as they are shipped

  const KINDS = { 8: Int8Array, 16: Int16Array, 32: Float32Array };

  function bytes(base64) {
    const text = atob(base64);
    const result = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) result[i] = text.charCodeAt(i);
    return result.buffer;
  }

  /** A tensor's numbers as floats; rounded ones have a unit for each of their rows. */
  function decode({ values, bits, units }) {
    const numbers = new KINDS[bits](bytes(values));
    if (!units) return Float32Array.from(numbers);
    const unit = new Float32Array(bytes(units));
    const columns = numbers.length / unit.length;
    const result = new Float32Array(numbers.length);
    for (let row = 0, i = 0; row < unit.length; row++)
      for (const end = i + columns; i < end; i++) result[i] = numbers[i] * unit[row];
    return result;
  }

  /** What a script of numbers holds, ready to compute with. */
  function load(shipped) {
    const tensors = {};
    for (const [name, tensor] of Object.entries(shipped.tensors)) tensors[name] = decode(tensor);
    return { ...shipped, tensors };
  }

  // Dense layers

  /**
   * Products of each row of a (rows, depth) with each row of b (columns, depth), plus a bias for each
   * row of b: `out[at + row * down + column * right]`. Four rows and two columns at a time, for
   * that many sums fit into a processor's registers.
   */
  function multiply(a, rows, b, bAt, columns, depth, bias, biasAt, out, at, down, right) {
    for (let column = 0; column < columns; column += 2) {
      const both = column + 1 < columns;
      const left = bAt + column * depth, next = both ? left + depth : left;
      const bias0 = bias ? bias[biasAt + column] : 0;
      const bias1 = bias && both ? bias[biasAt + column + 1] : 0;
      let row = 0;
      for (; row + 3 < rows; row += 4) {
        const i0 = row * depth, i1 = i0 + depth, i2 = i1 + depth, i3 = i2 + depth;
        let s0 = bias0, s1 = bias0, s2 = bias0, s3 = bias0;
        let t0 = bias1, t1 = bias1, t2 = bias1, t3 = bias1;
        for (let k = 0; k < depth; k++) {
          const x = b[left + k], y = b[next + k];
          const a0 = a[i0 + k], a1 = a[i1 + k], a2 = a[i2 + k], a3 = a[i3 + k];
          s0 += a0 * x, s1 += a1 * x, s2 += a2 * x, s3 += a3 * x;
          t0 += a0 * y, t1 += a1 * y, t2 += a2 * y, t3 += a3 * y;
        }
        const to = at + row * down + column * right;
        out[to] = s0, out[to + down] = s1, out[to + 2 * down] = s2, out[to + 3 * down] = s3;
        if (both) {
          const too = to + right;
          out[too] = t0, out[too + down] = t1, out[too + 2 * down] = t2, out[too + 3 * down] = t3;
        }
      }
      for (; row < rows; row++) {
        let s = bias0, t = bias1;
        for (let k = 0; k < depth; k++) {
          const value = a[row * depth + k];
          s += value * b[left + k], t += value * b[next + k];
        }
        out[at + row * down + column * right] = s;
        if (both) out[at + row * down + (column + 1) * right] = t;
      }
    }
    return out;
  }

  function relu(values, slope) {
    for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] *= slope;
    return values;
  }

  /** The dense layers `name.0`, `name.1`, ... with ReLU between them; `last`: where results go. */
  function perceptron(model, name, rows, count, last) {
    for (let i = 0; ; i++) {
      const weight = model.tensors[`${name}.${i}.weight`];
      const bias = model.tensors[`${name}.${i}.bias`];
      const more = `${name}.${i + 1}.weight` in model.tensors;
      const outputs = bias.length;
      const [out, at, down] = (!more && last) || [new Float32Array(count * outputs), 0, outputs];
      rows = multiply(rows, count, weight, 0, outputs, rows.length / count, bias, 0, out, at, down, 1);
      if (!more) return rows;
      relu(rows, 0);
    }
  }

  // Networks

  /** Standard normal noise of N networks. */
  function noise(model, count, random = Math.random) {
    const result = new Float32Array(count * model.noise);
    for (let i = 0; i < result.length; i++)
      result[i] = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return result;
  }

  /** Weights (N, P) of the networks that a generator makes of noise (N, noise). */
  function generate(model, noise, count) {
    const mixed = "mixer.0.weight" in model.tensors;
    const codes = mixed ? perceptron(model, "mixer", noise, count) : noise;
    const result = new Float32Array(count * model.weights);
    const length = codes.length / count / model.layers.length;
    let offset = 0;
    model.layers.forEach((size, layer) => {
      const own = new Float32Array(count * length);
      for (let n = 0; n < count; n++) {
        const begin = (n * model.layers.length + layer) * length;
        own.set(codes.subarray(begin, begin + length), n * length);
      }
      perceptron(model, `generators.${layer}`, own, count, [result, offset, model.weights]);
      offset += size;
    });
    return result;
  }

  /** Outputs (B, ...) of the network whose weights begin at `at`, for inputs (B, ...). */
  function forward(model, weights, at, inputs, count) {
    let values = inputs;
    for (const step of model.target) values = STEPS[step.kind](values, count, step, weights, at);
    return values;
  }

  const STEPS = {
    dense: (values, count, { weight, bias, outputs }, weights, at) =>
      multiply(values, count, weights, at + weight, outputs, values.length / count,
        bias === null ? null : weights, at + bias, new Float32Array(count * outputs), 0, outputs, 1),

    leaky_relu: (values, _, { slope }) => relu(values.slice(), slope),

    convolution(values, count, step, weights, at) {
      const { weight, bias, outputs, kernel, input: [channels, height, width] } = step;
      const high = height - kernel + 1, wide = width - kernel + 1, places = high * wide;
      const patch = channels * kernel * kernel;
      const patches = new Float32Array(places * patch);
      const result = new Float32Array(count * outputs * places);
      for (let b = 0; b < count; b++) {
        let k = 0;
        for (let y = 0; y < high; y++)
          for (let x = 0; x < wide; x++)
            for (let c = 0; c < channels; c++)
              for (let i = 0; i < kernel; i++) {
                const from = ((b * channels + c) * height + y + i) * width + x;
                for (let j = 0; j < kernel; j++) patches[k++] = values[from + j];
              }
        multiply(patches, places, weights, at + weight, outputs, patch,
          bias === null ? null : weights, at + bias, result, b * outputs * places, 1, places);
      }
      return result;
    },

    max_pool(values, count, { input: [channels, height, width], size }) {
      const high = Math.floor(height / size), wide = Math.floor(width / size);
      const result = new Float32Array(count * channels * high * wide).fill(-Infinity);
      for (let c = 0, k = 0; c < count * channels; c++)
        for (let y = 0; y < high; y++)
          for (let x = 0; x < wide; x++, k++)
            for (let i = 0; i < size; i++)
              for (let j = 0; j < size; j++) {
                const value = values[(c * height + y * size + i) * width + x * size + j];
                if (value > result[k]) result[k] = value;
              }
      return result;
    },
  };

  // What many networks say

  /** Logits (C) to probabilities. */
  function softmax(logits) {
    const most = Math.max(...logits);
    const powers = Array.from(logits, (x) => Math.exp(x - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((x) => x / sum);
  }

  /** In nats. */
  const entropy = (probabilities) =>
    probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);

  /** Votes, mean softmax, entropy and mutual information (nats) of N networks' probabilities. */
  function opinion(networks) {
    const classes = networks[0].length;
    const votes = new Array(classes).fill(0), mean = new Array(classes).fill(0);
    let own = 0;
    for (const probabilities of networks) {
      votes[probabilities.indexOf(Math.max(...probabilities))] += 1;
      probabilities.forEach((p, c) => (mean[c] += p / networks.length));
      own += entropy(probabilities) / networks.length;
    }
    return { votes, mean, entropy: entropy(mean), information: Math.max(0, entropy(mean) - own) };
  }

  /** Mean and standard deviation at each of B places over the first N of `rows` (N, B). */
  function band(rows, count, places) {
    const mean = new Float64Array(places), deviation = new Float64Array(places);
    for (let n = 0; n < count; n++)
      for (let b = 0; b < places; b++) mean[b] += rows[n * places + b] / count;
    if (count > 1) {
      for (let n = 0; n < count; n++)
        for (let b = 0; b < places; b++) deviation[b] += (rows[n * places + b] - mean[b]) ** 2;
      for (let b = 0; b < places; b++) deviation[b] = Math.sqrt(deviation[b] / (count - 1));
    }
    return { mean, deviation };
  }

  /**
   * A drawing (side, side), 0 to 1, as MNIST has its digits: scaled into 20 x 20, its centre of mass
   * in the middle of 28 x 28. Null where nothing is drawn.
   */
  function asDigit(drawing, side) {
    let left = side, right = -1, top = side, bottom = -1;
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        if (drawing[y * side + x] > 0) {
          left = Math.min(left, x), right = Math.max(right, x);
          top = Math.min(top, y), bottom = Math.max(bottom, y);
        }
    if (right < 0) return null;
    const scale = Math.max(right - left + 1, bottom - top + 1) / 20;
    let sum = 0, across = 0, down = 0;
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++) {
        const ink = drawing[y * side + x];
        sum += ink, across += ink * (x + 0.5), down += ink * (y + 0.5);
      }
    const originX = across / sum - 14 * scale, originY = down / sum - 14 * scale;
    const digit = new Float32Array(784), fine = 4;  // each pixel is a mean of fine x fine points
    for (let y = 0; y < 28; y++)
      for (let x = 0; x < 28; x++) {
        let ink = 0;
        for (let i = 0; i < fine; i++)
          for (let j = 0; j < fine; j++) {
            const column = Math.floor(originX + (x + (j + 0.5) / fine) * scale);
            const row = Math.floor(originY + (y + (i + 0.5) / fine) * scale);
            const inside = column >= 0 && column < side && row >= 0 && row < side;
            if (inside) ink += drawing[row * side + column];
          }
        digit[y * 28 + x] = ink / fine ** 2;
      }
    return digit;
  }

  const open = { load, decode, noise, generate, forward, softmax, entropy, opinion, band, asDigit };
  Object.assign(hypergan, open);
})();
