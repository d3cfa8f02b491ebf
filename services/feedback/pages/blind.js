// The token of an answer is hidden here, in the browser, before it is signed: RFC 9474, RSABSSA-SHA384-PSS-Deterministic, step for step
// as domain/blind.py has it. SHA-384 is written out: pages on an intranet may come over http, where crypto.subtle does not exist.
const TOKEN_BYTES = 32;
const SALT_BYTES = 48;
const HASH_BYTES = 48;
const WORD = (1n << 64n) - 1n;

const randomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const toNumber = (bytes) => BigInt("0x" + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""));
const toBytes = (number, count) => Uint8Array.from(number.toString(16).padStart(2 * count, "0").match(/../g), (pair) => parseInt(pair, 16));
const toText = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const ofText = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

// FIPS 180-4, 4.2.3 and 5.3.4: the constants are the first 64 bits behind the point of roots of the first primes.
const PRIMES = [];
for (let n = 2; PRIMES.length < 80; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);

function behindThePoint(prime, power) {
  const wanted = BigInt(prime) << (64n * power);
  let root = 0n;
  for (let bit = 1n << 72n; bit; bit >>= 1n) if ((root | bit) ** power <= wanted) root |= bit;
  return root & WORD;
}
const CUBES = PRIMES.map((prime) => behindThePoint(prime, 3n));
const SQUARES = PRIMES.slice(8, 16).map((prime) => behindThePoint(prime, 2n));

const turned = (word, ...by) => by.reduce((all, n) => all ^ (((word >> n) | (word << (64n - n))) & WORD), 0n);

function sha384(data) {
  const padded = new Uint8Array(Math.ceil((data.length + 17) / 128) * 128);
  padded.set(data);
  padded[data.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, 8 * data.length);
  let state = SQUARES;
  for (let at = 0; at < padded.length; at += 128) {
    const words = Array.from({ length: 16 }, (_, t) => view.getBigUint64(at + 8 * t));
    for (let t = 16; t < 80; t++) {
      const [far, near] = [words[t - 15], words[t - 2]];
      const mixed = (turned(far, 1n, 8n) ^ (far >> 7n)) + (turned(near, 19n, 61n) ^ (near >> 6n));
      words.push((words[t - 16] + words[t - 7] + mixed) & WORD);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 80; t++) {
      const one = h + turned(e, 14n, 18n, 41n) + (g ^ (e & (f ^ g))) + CUBES[t] + words[t];
      const two = turned(a, 28n, 34n, 39n) + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [(one + two) & WORD, a, b, c, (d + one) & WORD, e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((word, n) => (word + state[n]) & WORD);
  }
  return joined(...state.slice(0, HASH_BYTES / 8).map((word) => toBytes(word, 8)));
}

function power(base, exponent, modulus) {
  let result = 1n;
  for (let square = base % modulus; exponent; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverse(number, modulus) {
  let [a, b, x, y] = [number % modulus, modulus, 1n, 0n];
  while (a) [a, b, x, y] = [b % a, a, y - (b / a) * x, x];
  if (b !== 1n) throw new Error("not invertible");
  return ((y % modulus) + modulus) % modulus;
}

// EMSA-PSS, RFC 8017, 9.1.1: a message for signing, as a number of `bits` bits.
function encoded(token, salt, bits) {
  const length = Math.ceil(bits / 8);
  const digest = sha384(joined(new Uint8Array(8), sha384(token), salt));
  const block = joined(new Uint8Array(length - SALT_BYTES - HASH_BYTES - 2), [1], salt);
  const hashes = Array.from({ length: Math.ceil(block.length / HASH_BYTES) }, (_, n) => sha384(joined(digest, toBytes(BigInt(n), 4))));
  const shown = (1n << BigInt(bits - 8 * (length - block.length))) - 1n;
  const hidden = (toNumber(block) ^ toNumber(joined(...hashes).slice(0, block.length))) & shown;
  return toNumber(joined(toBytes(hidden, block.length), digest, [0xbc]));
}

// SubjectPublicKeyInfo in DER, base64url: two numbers behind five headers.
function publicKey(text) {
  const der = ofText(text);
  let at = 0;
  const header = () => {
    at += 2;
    const first = der[at - 1];
    if (first < 0x80) return first;
    at += first & 0x7f;
    return Number(toNumber(der.slice(at - (first & 0x7f), at)));
  };
  const taken = () => {
    const length = header();
    at += length;
    return der.slice(at - length, at);
  };
  header();
  taken(); // which algorithm
  header();
  at += 1; // no bits of the last byte are unused
  header();
  return { n: toNumber(taken()), e: toNumber(taken()) };
}

// RFC 9474, 4.2. What comes out is text, so that it can be kept until the answer is there.
function hidden({ n, e }, token, salt, factor) {
  const bits = n.toString(2).length;
  const message = encoded(token, salt, bits - 1);
  inverse(message, n); // it must have one, or it would be a factor of the modulus
  return {
    token: toText(token),
    blinded: toText(toBytes((message * power(factor, e, n)) % n, Math.ceil(bits / 8))),
    message: message.toString(),
    inverse: inverse(factor, n).toString(),
  };
}

function hide(key) {
  const count = Math.ceil(key.n.toString(2).length / 8);
  let factor = 0n;
  while (factor <= 1n || factor >= key.n) factor = toNumber(randomBytes(count));
  return hidden(key, randomBytes(TOKEN_BYTES), randomBytes(SALT_BYTES), factor);
}

// RFC 9474, 4.4. The encoded message is still known, so verifying is comparing with it.
function uncovered({ n, e }, own, signed) {
  const signature = (toNumber(ofText(signed)) * BigInt(own.inverse)) % n;
  if (power(signature, e, n) !== BigInt(own.message)) throw new Error("the signer did not sign this");
  return toText(toBytes(signature, Math.ceil(n.toString(2).length / 8)));
}
