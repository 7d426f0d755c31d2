// The words in which steps and jobs describe their settings; the only file that knows the validation library.
// The mini edition: words with methods, as the other one makes them, would take a tenth of a short command's time.
import { z } from 'zod/mini';
import { DURATION_PATTERN, parseDuration, parseRate, parseSize, RATE_PATTERN, SIZE_PATTERN } from './units.ts';

export type Schema<T> = z.ZodMiniType<T>;
export type Infer<S extends z.ZodMiniType> = z.output<S>;
export type SchemaIssue = z.core.$ZodIssue;

/** A mapping; unknown keys are errors. Give every field a description: schema and docs are made of them. */
export const object = z.strictObject;
export const text = () => z.string();
export const word = () => z.string().check(z.minLength(1));
export const flag = () => z.boolean();
export const integer = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
export const number = (min: number, max: number) => z.number().check(z.minimum(min), z.maximum(max));
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values);
/** At most and at least so many. */
export const list = <T extends z.ZodMiniType>(item: T, { max, min }: { readonly max?: number; readonly min?: number } = {}) =>
  z.array(item).check(...(min === undefined ? [] : [z.minLength(min)]), ...(max === undefined ? [] : [z.maxLength(max)]));
/** One value or a list of them; read as a list. */
export const oneOrMany = <T extends z.ZodMiniType>(item: T) =>
  z.union([z.array(item), transformed(item, value => [value])]) as unknown as Schema<z.output<T>[]>;
export const mapping = <T extends z.ZodMiniType>(value: T) => z.record(z.string(), value);
export const anyOf = z.union;
export const literal = z.literal;
export const anything = () => z.unknown();

/** Of the schema itself, which has to be a new one. */
export const described = <T extends z.ZodMiniType>(schema: T, description: string | undefined): T => {
  if (description !== undefined) z.globalRegistry.add(schema, { description });
  return schema;
};
export const optional = <T extends z.ZodMiniType>(schema: T, description?: string) => described(z.optional(schema), description);
export const nullable = z.nullable;
/** `value` is what an absent one is read as. */
export const preset = <T extends z.ZodMiniType>(schema: T, value: NonNullable<z.output<T>>, description?: string) =>
  described(z._default(schema, value as never), description);

/** `error` goes on after the name of the key: `is no …: write …`. */
export const matching = <T extends z.ZodMiniType<string>>(schema: T, pattern: RegExp, error?: string) =>
  schema.check(z.regex(pattern, error));
export const refined = <T extends z.ZodMiniType>(schema: T, test: (value: z.output<T>) => boolean, error: string) =>
  schema.check(z.refine(test, error));
/** `find` reports what it finds by `addIssue`. */
export const judged = <T extends z.ZodMiniType>(schema: T, find: Parameters<typeof z.superRefine<z.output<T>>>[0]) =>
  schema.check(z.superRefine(find));
export const transformed = <T extends z.ZodMiniType, R>(schema: T, read: (value: z.output<T>) => R) =>
  z.pipe(schema, z.transform(read));

/** `500ms 5s 10m 2h 7d`; read as milliseconds. */
export const duration = () =>
  transformed(
    matching(text(), DURATION_PATTERN, 'is no duration: write 500ms, 5s, 10m, 2h or 7d'),
    value => parseDuration(value) ?? 0,
  );

/** `64KB 2MB 1GB`, 1024-based; read as bytes. */
export const size = () =>
  transformed(matching(text(), SIZE_PATTERN, 'is no size: write 64KB, 2MB or 1GB'), value => parseSize(value) ?? 0);

/** `2MB/s`; read as bytes a second. */
export const rate = () =>
  transformed(matching(text(), RATE_PATTERN, 'is no rate: write 500KB/s or 2MB/s'), value => parseRate(value) ?? 0);

/** Values that take time to make, by name: each is made when it is first asked for. */
export function whenAsked<T extends Readonly<Record<string, () => unknown>>>(
  makers: T,
): { readonly [Name in keyof T]: ReturnType<T[Name]> } {
  const made = {};
  for (const [name, make] of Object.entries(makers)) {
    const shape = { enumerable: true, configurable: true };
    const get = () => {
      const value = make();
      Object.defineProperty(made, name, { ...shape, value });
      return value;
    };
    Object.defineProperty(made, name, { ...shape, get });
  }
  return made as { readonly [Name in keyof T]: ReturnType<T[Name]> };
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[] };

/** Making a function for every mapping, as the library would at its first use, pays only where many values are checked. */
const CHECKS_BEFORE_COMPILING = 200;
let checks = 0;

/** Checks a value without coercing it; every issue at once. */
export function check<T>(schema: Schema<T>, value: unknown): Checked<T> {
  checks += 1;
  const result = z.safeParse(schema, value, { reportInput: true, jitless: checks <= CHECKS_BEFORE_COMPILING });
  return result.success ? { ok: true, value: result.data } : { ok: false, issues: result.error.issues };
}

/** JSON Schema (2020-12) of what a user may write. */
export function toJsonSchema(schema: z.ZodMiniType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}
