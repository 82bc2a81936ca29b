/** pino-shaped logger: fields first, then the message. `pino()` fits; so does `console`, which prints the fields as an object. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
