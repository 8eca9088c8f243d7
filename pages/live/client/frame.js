// Decodes a frame (lstm_core/frames/frame.py describes the bytes).

// Every code of three decimal digits (lstm_core/frames/digits.py), as float32.
const DIGITS = new Float32Array(65536).fill(NaN);
DIGITS[0] = 0;
for (let code = 1; code <= 32400; code++) {
  const place = code - 1;
  const hundredths = 100 + (place % 900);
  DIGITS[code] = Number(`${hundredths}e${Math.floor(place / 900) - 35}`);
  DIGITS[code | 0x8000] = -DIGITS[code];
}

const READ = {
  digits3: (buffer, offset, length) => {
    const codes = new Uint16Array(buffer, offset, length / 2);
    const values = new Float32Array(codes.length);
    for (let k = 0; k < codes.length; k++) values[k] = DIGITS[codes[k]];
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
