// Decodes a frame (lstm_core/frame.py describes the bytes).

const HALF = new Float32Array(65536); // every float16 there is, as float32
for (let bits = 0; bits < 65536; bits++) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) HALF[bits] = sign * fraction * 2 ** -24;
  else if (exponent === 31) HALF[bits] = fraction ? NaN : sign * Infinity;
  else HALF[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const READ = {
  float16: (buffer, offset, length) => {
    const halves = new Uint16Array(buffer, offset, length / 2);
    const values = new Float32Array(halves.length);
    for (let k = 0; k < halves.length; k++) values[k] = HALF[halves[k]];
    return values;
  },
  float32: (buffer, offset, length) => new Float32Array(buffer, offset, length / 4),
  int32: (buffer, offset, length) => new Int32Array(buffer, offset, length / 4),
};

/** @returns {{meta: object, arrays: Object<string, {values: Float32Array|Int32Array, shape: number[]}>}} */
export function decode(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = Math.ceil((4 + length) / 8) * 8;
  const arrays = {};
  for (const [name, dtype, shape, offset, size] of header.arrays) {
    arrays[name] = { values: READ[dtype](buffer, start + offset, size), shape };
  }
  return { meta: header.meta, arrays };
}

/** The rows of a matrix, as views into it. */
export function rows({ values, shape }) {
  const [count, width] = shape;
  return Array.from({ length: count }, (_, row) => values.subarray(row * width, (row + 1) * width));
}
