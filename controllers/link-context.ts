import type { Bridge } from '../src/api/bridge.ts';
import type { Link } from '../src/api/link.ts';
import type { Manifest } from '../src/api/resource.ts';
import type { Place } from '../src/kernel/command.ts';
import type { ContainerView } from '../src/kernel/observed.ts';
import type { PlanInput } from './plan.ts';

/** A Link with everything that its plan is made from. */
export interface LinkContext {
  readonly manifest: Manifest<Link>;
  readonly bridge: Bridge;
  readonly container: Extract<ContainerView, { state: 'running' }>;
  readonly place: Exclude<Place, 'host'>;
  readonly input: PlanInput;
}
