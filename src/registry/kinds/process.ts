/** `process`: something that an organisation does with data about people, declared once and retired once. @module */
import { COMMON, id } from '../common.ts';
import { declaredBy, requireDeclared } from '../declarations.ts';
import { processSubject } from '../names.ts';
import { doc, list, map, oneOf, prose, set, type TypeOf } from '../schema.ts';
import { type Admission, requireSubject, signedByWorkingKey } from '../signers.ts';
import { type Change, nameOf, put } from '../view.ts';

export const dataCategories = doc('codes like file-sample: which data, and never the data themselves', set(id, 1, 64));

export const about =
  'Something that an organisation does with data about people. Signed by an operations key; sub is `process:<processId>`.';

export const schema = map(
  { event: oneOf('declare', 'retire'), processId: id, title: prose(120), dataCategories },
  {
    purposes: list(prose(120), 1, 16),
    role: oneOf('controller', 'joint', 'processor', 'subprocessor'),
    retention: prose(280),
    ...COMMON,
  },
);
export type ProcessPayload = TypeOf<typeof schema>;

export function admit(admission: Admission<ProcessPayload>): Change[] {
  const { view, entry, payload } = admission;
  const { processId, title, dataCategories: categories } = payload;
  requireSubject(admission, processSubject(processId));
  const { organisation } = signedByWorkingKey(admission, 'operations');
  const name = nameOf(organisation, processId);
  const said = { organisation, processId, title, dataCategories: categories };
  const row = declaredBy('process', payload.event, processId, view.get('process', name), said, entry.index);
  return [put('process', name, row)];
}

/** The process of an organisation that a statement names. */
export function requireProcess(
  { view }: Admission<unknown>,
  organisation: string,
  processId: string,
  mayBeRetired: boolean,
) {
  requireDeclared(
    'process',
    organisation,
    processId,
    view.get('process', nameOf(organisation, processId)),
    mayBeRetired,
  );
}
