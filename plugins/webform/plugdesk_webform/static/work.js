/* In a thread of its own: for each number find a counter so that the SHA-256 of TOKEN:NUMBER:COUNTER begins with so many zero bits.
   Hashes are asked for by the batch: one at a time, waiting costs more than the hash. */
const BATCH = 128;

onmessage = async ({ data: { token, puzzles, bits } }) => {
  const found = [];
  for (let number = 0; number < puzzles; number += 1) found.push(await solve(`${token}:${number}:`, bits));
  postMessage(found.join("."));
};

async function solve(start, bits) {
  const encoder = new TextEncoder();
  for (let from = 0; ; from += BATCH) {
    const hashes = await Promise.all(Array.from({ length: BATCH }, (_, at) => crypto.subtle.digest("SHA-256", encoder.encode(start + (from + at)))));
    const at = hashes.findIndex((hash) => new DataView(hash).getUint16(0) >> (16 - bits) === 0);
    if (at >= 0) return from + at;
  }
}
