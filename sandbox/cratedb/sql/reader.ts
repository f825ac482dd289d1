import { type Token, tokenize, unexpected } from "./tokens.ts";

/** The tokens of one statement, read from the front. */
export class Reader {
  readonly #sql: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Of `?` parameters read so far. */
  parameters = 0;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = tokenize(sql);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] ?? { kind: "end", text: "<EOF>", at: 0 };
  }

  take(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  /** Whether these words or symbols come next; they are taken if so. */
  accept(...texts: readonly string[]): boolean {
    if (!this.sees(...texts)) return false;
    this.#at += texts.length;
    return true;
  }

  sees(...texts: readonly string[]): boolean {
    return texts.every((text, index) => {
      const token = this.peek(index);
      return (token.kind === "word" || token.kind === "symbol") && token.text === text;
    });
  }

  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.accept(text)) throw this.unexpected();
  }

  /** A name, quoted or not. */
  name(): string {
    const token = this.peek();
    if (token.kind !== "word" && token.kind !== "quoted") throw this.unexpected();
    this.#at += 1;
    return token.text;
  }

  /** Names with dots between them, quoted or not, as one text: a setting's. */
  dottedName(): string {
    const parts = [this.name()];
    while (this.accept(".")) parts.push(this.name());
    return parts.join(".");
  }

  list<T>(one: () => T): T[] {
    const items = [one()];
    while (this.accept(",")) items.push(one());
    return items;
  }

  end(): void {
    this.accept(";");
    if (this.peek().kind !== "end") throw this.unexpected();
  }

  unexpected(): Error {
    const { at, text } = this.peek();
    return unexpected(this.#sql, at, text);
  }
}
