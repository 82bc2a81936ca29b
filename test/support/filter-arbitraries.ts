/** Random filters and the data they are judged on, over few names, so that they meet. */
import fc from 'fast-check';
import type { FilterCondition, FilterExpression } from '../../src/core/filter.ts';
import type { JsonValue } from '../../src/core/json.ts';

export const scalars = fc.oneof(
  fc.constantFrom('a', 'b', '1', ''),
  fc.integer({ min: 0, max: 3 }),
  fc.boolean(),
  fc.constant(null),
);
export const values = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '0'), tie('value'), { maxKeys: 2 }),
  ),
})).value;
const paths = fc.constantFrom('data', 'data.a', 'data.b', 'data.a.b', 'data.0', 'data.a.0');
export const bounds = fc.oneof(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 3 }));
export const lists = fc.array(values, { minLength: 1, maxLength: 3 });

/** Every operator, with a random operand. */
export const operators = fc.letrec<{ condition: FilterCondition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 2 },
    scalars,
    lists,
    fc
      .record(
        {
          $eq: values,
          $ne: values,
          $gt: bounds,
          $gte: bounds,
          $lt: bounds,
          $lte: bounds,
          $in: lists,
          $nin: lists,
          $exists: fc.boolean(),
          $glob: fc.constantFrom('*', 'a*', '?'),
          $not: tie('condition'),
        },
        { requiredKeys: [] },
      )
      .filter((record) => Object.keys(record).length > 0),
  ),
})).condition;
const anyExpression = fc.letrec<{ expression: FilterExpression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 2 },
    fc.dictionary(paths, operators, { maxKeys: 2 }),
    fc.array(tie('expression'), { minLength: 1, maxLength: 2 }).map(($and) => ({ $and })),
    fc.array(tie('expression'), { minLength: 1, maxLength: 2 }).map(($or) => ({ $or })),
    tie('expression').map(($not) => ({ $not })),
  ),
})).expression;

/** Parts of an expression, at least as many as the limit on filters counts. */
const countParts = (expression: FilterExpression): number => JSON.stringify(expression).split(/[:,[]/).length;

/** Small enough that two of them can be combined without exceeding what a filter may have. */
export const expressions = anyExpression.filter((expression) => countParts(expression) <= 60);
