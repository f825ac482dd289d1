import { type Problem, problem } from "./errors.ts";

/** A word of a command. `quoted`: it began with a quotation mark, so that it is never an option, whatever it looks like. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

/** Straight ones, and what phones make of them. Any of them closes what any of them opened. */
const doubleQuotes = '"“”„‟';
const singleQuotes = "'‘’‚‛";

/**
 * Splits what a person typed into words. Spaces separate; double quotes hold a text together wherever they stand; single
 * quotes do so only around a whole word or a whole `--flag='value'`, because an apostrophe is one too. In double quotes,
 * `\` before a quotation mark or another `\` takes its meaning away.
 */
export function splitWords(text: string, usage: string): { words: Word[] } | { problem: Problem } {
  const words: Word[] = [];
  let at = 0;
  while (true) {
    while (at < text.length && isSpace(text[at])) at += 1;
    if (at >= text.length) return { words };
    const word = readWord(text, at);
    if (word === null) return { problem: problem("quote_open", { usage }) };
    words.push({ text: word.text, quoted: word.quoted });
    at = word.end;
  }
}

const needsNoQuotes = /^[\p{L}\p{N}._/:,@%+][\p{L}\p{N}._/:,=@%+-]*$/u;

/** The word as a person would have to type it, so that `splitWords` gives it back. */
export function quoteWord(text: string): string {
  if (needsNoQuotes.test(text)) return text;
  return `"${text.replace(/[\\"“”„‟]/g, (character) => `\\${character}`)}"`;
}

/** The word for a POSIX shell: whatever somebody else typed, copying it into a terminal runs nothing. */
export function quoteShellWord(text: string): string {
  return needsNoQuotes.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function readWord(text: string, start: number): { text: string; quoted: boolean; end: number } | null {
  const quoted = isOneOf(doubleQuotes, text[start]) || closingSingleQuote(text, start) !== null;
  let word = "";
  let at = start;
  while (at < text.length && !isSpace(text[at])) {
    const character = text[at] ?? "";
    if (isOneOf(doubleQuotes, character)) {
      const part = readDoubleQuoted(text, at);
      if (part === null) return null;
      word += part.text;
      at = part.end;
      continue;
    }
    const closing = at === start || text[at - 1] === "=" ? closingSingleQuote(text, at) : null;
    if (closing !== null) {
      word += text.slice(at + 1, closing);
      at = closing + 1;
      continue;
    }
    word += character;
    at += 1;
  }
  return { text: word, quoted, end: at };
}

function readDoubleQuoted(text: string, open: number): { text: string; end: number } | null {
  let part = "";
  for (let at = open + 1; at < text.length; at += 1) {
    const character = text[at] ?? "";
    const following = text[at + 1];
    if (isOneOf(doubleQuotes, character)) return { text: part, end: at + 1 };
    if (character === "\\" && (following === "\\" || isOneOf(doubleQuotes, following))) {
      part += following;
      at += 1;
    } else {
      part += character;
    }
  }
  return null;
}

/** Where the single quote that opens here closes: before a space or the end; null when none opens or closes. */
function closingSingleQuote(text: string, open: number): number | null {
  if (!isOneOf(singleQuotes, text[open])) return null;
  for (let at = open + 1; at < text.length; at += 1) {
    if (isOneOf(singleQuotes, text[at]) && (at + 1 === text.length || isSpace(text[at + 1]))) return at;
  }
  return null;
}

function isOneOf(characters: string, character: string | undefined): boolean {
  return character !== undefined && characters.includes(character);
}

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /\s/.test(character);
}
