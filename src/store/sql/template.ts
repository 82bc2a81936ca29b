import type { Statement } from './script.ts';

/** What a template can be given: a value, or rows for a place where it reads many. */
export type TemplateValue = string | number | null | TemplateRows;

/** Rows, each an array in the order of the columns that the template reads. */
export type TemplateRows = readonly (readonly (string | number | null)[])[];

/** Values of a template, by name. */
export type TemplateValues = Readonly<Record<string, TemplateValue>>;

/** How a dialect writes placeholders, and hands many rows over. */
export interface ParameterStyle {
  /** The placeholder of the parameter at `index`, from 0. */
  placeholder(index: number): string;
  /** True when one placeholder can be used several times. */
  readonly isNumbered: boolean;
  /** The parameter for one part of many rows; `part` is what stands behind the `$` of the placeholder. */
  rowsParameter(rows: TemplateRows, part: string): unknown;
}

/** `:name` for a value, `:name$part` for a part of many rows; `::` is a cast. */
const PLACEHOLDER = /(?<!:):([a-z]\w*)(?:\$(\w*))?/g;

interface Parameter {
  readonly name: string;
  /** `undefined` for a value. */
  readonly part: string | undefined;
}

/** The text of a statement that is written once, with named parameters, and run many times. */
export class Template {
  readonly sql: string;
  readonly #style: ParameterStyle;
  readonly #parameters: Parameter[] = [];

  constructor(text: string, style: ParameterStyle) {
    this.#style = style;
    const places = new Map<string, number>();
    this.sql = text.replace(PLACEHOLDER, (match, name: string, part: string | undefined) => {
      const known = places.get(match);
      if (known !== undefined && style.isNumbered) return style.placeholder(known);
      places.set(match, this.#parameters.length);
      this.#parameters.push({ name, part });
      return style.placeholder(this.#parameters.length - 1);
    });
  }

  /** @throws TypeError when a parameter has no value: a bug of the caller */
  bind(values: TemplateValues): Statement {
    const parameters = this.#parameters.map(({ name, part }) => {
      const value = values[name];
      if (value === undefined) throw new TypeError(`No value for :${name} in ${this.sql}`);
      if (part === undefined) return value;
      return this.#style.rowsParameter(value as TemplateRows, part);
    });
    return { sql: this.sql, parameters, isFixed: true };
  }
}
