// The words in which steps and jobs describe their settings; the only file that knows the validation library.
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration, parseRate, parseSize, RATE_PATTERN, SIZE_PATTERN } from './units.ts';

export type Schema<T> = z.ZodType<T>;
export type Infer<S extends z.ZodType> = z.output<S>;
export type SchemaIssue = z.core.$ZodIssue;

/** A mapping; unknown keys are errors. Give every field a description: schema and docs are made of them. */
export const object = z.strictObject;
export const text = () => z.string();
export const word = () => z.string().min(1);
export const flag = () => z.boolean();
export const integer = (min: number, max: number) => z.int().min(min).max(max);
export const number = (min: number, max: number) => z.number().min(min).max(max);
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) => z.enum(values);
export const list = <T extends z.ZodType>(item: T) => z.array(item);
/** One value or a list of them; read as a list. */
export const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([z.array(item), item.transform(value => [value] as z.output<T>[])]) as unknown as z.ZodType<z.output<T>[]>;
export const mapping = <T extends z.ZodType>(value: T) => z.record(z.string(), value);
export const anyOf = z.union;
export const literal = z.literal;
export const anything = () => z.unknown();

/** `500ms 5s 10m 2h 7d`; read as milliseconds. */
export const duration = () =>
  z
    .string()
    .regex(DURATION_PATTERN, { error: 'is no duration: write 500ms, 5s, 10m, 2h or 7d' })
    .transform(value => parseDuration(value) ?? 0);

/** `64KB 2MB 1GB`, 1024-based; read as bytes. */
export const size = () =>
  z
    .string()
    .regex(SIZE_PATTERN, { error: 'is no size: write 64KB, 2MB or 1GB' })
    .transform(value => parseSize(value) ?? 0);

/** `2MB/s`; read as bytes a second. */
export const rate = () =>
  z
    .string()
    .regex(RATE_PATTERN, { error: 'is no rate: write 500KB/s or 2MB/s' })
    .transform(value => parseRate(value) ?? 0);

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
  const result = schema.safeParse(value, { reportInput: true, jitless: checks <= CHECKS_BEFORE_COMPILING });
  return result.success ? { ok: true, value: result.data } : { ok: false, issues: result.error.issues };
}

/** JSON Schema (2020-12) of what a user may write. */
export function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}
