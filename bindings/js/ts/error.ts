/** Something was not done. `code` says why and stays the same from one version to the next; the message is for a person. */
export class MpotrError extends Error {
  readonly code: string;
  /** What else there is to say: `field`, `limit`, `added`, `retry`. It has `code`, too. */
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "MpotrError";
    this.code = code;
    this.data = { ...data, code };
  }

  /** The one that the module throws, as text. @internal */
  static read(thrown: string): MpotrError {
    const { message, data } = JSON.parse(thrown) as { message: string; data: { code: string } };
    return new MpotrError(data.code, message, data);
  }
}
