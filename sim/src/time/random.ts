/** A source of numbers in [0, 1). */
export type Random = () => number;

/** The same numbers for the same seed (sfc32, seeded by FNV-1a over the seed's text). */
export function seededRandom(seed: string | number): Random {
  let hash = 0x811c9dc5;
  for (const character of String(seed)) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  }
  let [a, b, c, d] = [hash | 0, ~hash | 0, Math.imul(hash, 0x9e3779b9) | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // The first numbers of near seeds are alike.
  for (let round = 0; round < 12; round += 1) next();
  return next;
}
