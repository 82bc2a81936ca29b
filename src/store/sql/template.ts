import type { Statement } from './script.ts';

/** What a template can be given: a value, or rows for a place where it reads many. */
export type TemplateValue = string | number | null | TemplateRows;

/** Rows, each an array in the order of the columns that the template reads. */
export type TemplateRows = readonly (readonly (string | number | null)[])[];

/** Values of a template, by name. */
export type TemplateValues = Readonly<Record<string, TemplateValue>>;

/** Rows that one statement reads where they stand in its text: a few sizes, so that each is prepared once. */
const PART_SIZES = [32, 8, 1] as const;

/** How a dialect writes placeholders, and hands many rows over. */
export interface ParameterStyle {
  /** The placeholder of the parameter at `index`, from 0. */
  placeholder(index: number): string;
  /** True when one placeholder can be used several times. */
  readonly isNumbered: boolean;
  /** The parameter for one part of many rows; `part` is what stands behind the `$` of the placeholder. */
  rowsParameter(rows: TemplateRows, part: string): unknown;
}

/** `:name` for a value, `:name$part` for a part of many rows, `:name#3` for rows of three values, written out; `::` is a cast. */
const PLACEHOLDER = /(?<!:):([a-z]\w*)(?:\$(\w*)|#(\d+))?/g;

interface Parameter {
  readonly name: string;
  /** `undefined` for a value. */
  readonly part: string | undefined;
  /** Its rows stand in the text, value by value. */
  readonly isWrittenOut: boolean;
}

/** The text of a statement that is written once, with named parameters, and run many times. */
export class Template {
  readonly #text: string;
  readonly #style: ParameterStyle;
  /** The parameter whose rows are written out, if there is one. */
  readonly #rows: string | undefined;
  /** By the number of rows that are written out; 0 where none are. */
  readonly #forms = new Map<number, Form>();

  constructor(text: string, style: ParameterStyle) {
    this.#text = text;
    this.#style = style;
    this.#rows = [...text.matchAll(PLACEHOLDER)].find(([, , , width]) => width !== undefined)?.[1];
  }

  /**
   * The statement with its parameters; several, to be run one after the other, where rows are written out.
   *
   * @throws TypeError when a parameter has no value: a bug of the caller
   */
  bind(values: TemplateValues): readonly Statement[] {
    if (this.#rows === undefined) return [this.#bind(0, values)];
    const rows = values[this.#rows] as TemplateRows;
    const statements: Statement[] = [];
    let done = 0;
    for (const size of PART_SIZES)
      for (; rows.length - done >= size; done += size)
        statements.push(this.#bind(size, { ...values, [this.#rows]: rows.slice(done, done + size) }));
    return statements;
  }

  #bind(size: number, values: TemplateValues): Statement {
    let form = this.#forms.get(size);
    if (form === undefined) {
      form = createForm(this.#text, this.#style, size);
      this.#forms.set(size, form);
    }
    const parameters: unknown[] = [];
    for (const { name, part, isWrittenOut } of form.parameters) {
      const value = values[name];
      if (value === undefined) throw new TypeError(`No value for :${name} in ${form.sql}`);
      if (isWrittenOut) for (const row of value as TemplateRows) parameters.push(...row);
      else if (part === undefined) parameters.push(value);
      else parameters.push(this.#style.rowsParameter(value as TemplateRows, part));
    }
    return { sql: form.sql, parameters, isFixed: true };
  }
}

/** The text with the placeholders of a dialect, and what stands for them. */
interface Form {
  readonly sql: string;
  readonly parameters: readonly Parameter[];
}

function createForm(text: string, style: ParameterStyle, size: number): Form {
  const parameters: Parameter[] = [];
  const places = new Map<string, number>();
  const sql = text.replace(PLACEHOLDER, (match, name: string, part?: string, width?: string) => {
    const known = places.get(match);
    if (known !== undefined && style.isNumbered) return style.placeholder(known);
    places.set(match, parameters.length);
    parameters.push({ name, part, isWrittenOut: width !== undefined });
    if (width === undefined) return style.placeholder(parameters.length - 1);
    const row = `(${new Array<string>(Number(width)).fill(style.placeholder(0)).join(', ')})`;
    return new Array<string>(size).fill(row).join(', ');
  });
  return { sql, parameters };
}
