/** Letters and digits that nobody mixes up when reading them aloud: Crockford's base 32, in lower case. */
const letters = "0123456789abcdefghjkmnpqrstvwxyz";

/** Twelve letters, 60 random bits: an id that people can say over the phone. Never only digits, which BullMQ would refuse. */
export function newId(randomBytes: (size: number) => Uint8Array): string {
  for (;;) {
    const id = [...randomBytes(12)].map((byte) => letters[byte % letters.length]).join("");
    if (/[a-z]/.test(id)) return id;
  }
}
