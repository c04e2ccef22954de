import { type ObservableInput, Observable, from } from 'rxjs';

/**
 * Maps each value to work, one at a time. What arrives while work is under way leads to exactly one more run after it,
 * with the newest value: nothing is missed, and nothing piles up.
 */
export function coalesceMap<In, Out>(
  project: (value: In) => ObservableInput<Out>,
): (source: Observable<In>) => Observable<Out> {
  return (source) =>
    new Observable<Out>((subscriber) => {
      let busy = false;
      let pending: { readonly value: In } | undefined;
      let completed = false;
      const run = (value: In): void => {
        busy = true;
        subscriber.add(
          from(project(value)).subscribe({
            next: (result) => subscriber.next(result),
            error: (error: unknown) => subscriber.error(error),
            complete: () => {
              busy = false;
              const next = pending;
              pending = undefined;
              if (next) run(next.value);
              else if (completed) subscriber.complete();
            },
          }),
        );
      };
      return source.subscribe({
        next: (value) => (busy ? (pending = { value }) : run(value)),
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          completed = true;
          if (!busy) subscriber.complete();
        },
      });
    });
}
