import { z } from 'zod';
import { labelValue, qualifiedName } from './scalars.ts';

const requirement = z
  .strictObject({
    key: qualifiedName,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(labelValue).max(1000).optional(),
  })
  .superRefine(({ operator, values }, context) => {
    const wanted = operator === 'In' || operator === 'NotIn';
    if (wanted && !values?.length) {
      context.addIssue({
        code: 'custom',
        path: ['values'],
        message: `must be set where \`operator\` is '${operator}'`,
      });
    }
    if (!wanted && values?.length) {
      context.addIssue({
        code: 'custom',
        path: ['values'],
        message: `may not be set where \`operator\` is '${operator}'`,
      });
    }
  });

/** Kubernetes' `LabelSelector`; an empty one selects everything. */
export const labelSelector = z.strictObject({
  matchLabels: z.record(qualifiedName, labelValue).optional(),
  matchExpressions: z.array(requirement).max(1000).optional(),
});

export type LabelSelector = z.output<typeof labelSelector>;

/** Whether a selector selects these labels, as Kubernetes defines it: `NotIn` also selects where the key is absent. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const valueOf = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => valueOf(key) === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      const value = valueOf(key);
      switch (operator) {
        case 'In':
          return value !== undefined && values!.includes(value);
        case 'NotIn':
          return value === undefined || !values!.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    })
  );
}
