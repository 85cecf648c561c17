/** The questions as JSON Schema, from the tables by which requests are checked and to which answers are held. @module */
import { type JsonSchema, jsonSchemasOf } from '../registry/jsonschema.ts';
import { type QuestionName, questionOf } from './questions.ts';
import { shapeOf } from './shapes.ts';

export type DescribedQuestion = {
  readonly about: string;
  readonly parameters: readonly { readonly name: string; readonly required: boolean; readonly schema: JsonSchema }[];
  readonly answer: JsonSchema;
  /** What the schemas refer to, by the end of their `$ref`. */
  readonly definitions: { readonly [name: string]: JsonSchema };
};

/** `under` is where the definitions will lie, such as `#/components/schemas/`. */
export function describeQuestion(name: QuestionName, under: string): DescribedQuestion {
  const { about, params } = questionOf(name);
  const fields = [...params.fields.values()];
  const { schemas, definitions } = jsonSchemasOf([shapeOf(name), ...fields.map(({ node }) => node)], under);
  const [answer, ...own] = schemas as [JsonSchema, ...JsonSchema[]];
  const parameters = fields.map((field, i) => {
    return { name: field.name, required: field.required, schema: own[i] as JsonSchema };
  });
  return { about, parameters, answer, definitions };
}
