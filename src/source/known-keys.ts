import { z } from 'zod';

/** The fields that a schema knows at a path, for suggestions. */
export function knownKeysOf(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  const at = path.reduce<readonly z.ZodType[]>(
    (candidates, part) => candidates.flatMap((each) => step(each, part)),
    alternatives(schema),
  );
  return [
    ...new Set(
      at.flatMap((candidate) => (candidate instanceof z.ZodObject ? Object.keys(candidate.shape) : [])),
    ),
  ];
}

function step(schema: z.ZodType, part: PropertyKey): readonly z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const inner = Object.hasOwn(schema.shape, part)
      ? (schema.shape as Record<PropertyKey, z.ZodType>)[part]
      : undefined;
    return inner ? alternatives(inner) : [];
  }
  return schema instanceof z.ZodArray ? alternatives(schema.element as z.ZodType) : [];
}

/** The schemas behind defaults, optional fields, pipes and unions. */
function alternatives(schema: z.ZodType): readonly z.ZodType[] {
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((option) => alternatives(option as z.ZodType));
  if (schema instanceof z.ZodPipe) return alternatives(schema.in as z.ZodType);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return alternatives(schema.unwrap() as z.ZodType);
  }
  return [schema];
}
