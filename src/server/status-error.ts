/** Why a request failed, in the words of Kubernetes' API. */
type StatusReason =
  | 'BadRequest'
  | 'Expired'
  | 'Forbidden'
  | 'InternalError'
  | 'Invalid'
  | 'MethodNotAllowed'
  | 'NotFound'
  | 'ServiceUnavailable';

const CODES: Readonly<Record<StatusReason, number>> = {
  BadRequest: 400,
  Expired: 410,
  Forbidden: 403,
  InternalError: 500,
  Invalid: 422,
  MethodNotAllowed: 405,
  NotFound: 404,
  ServiceUnavailable: 503,
};

/** A `v1` Status, the body of every failed request. */
interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: StatusReason;
  readonly details?: { readonly name: string; readonly group: string; readonly kind: string };
  readonly code: number;
}

/** A failure that the client is told as a Status. */
export class StatusError extends Error {
  readonly body: StatusBody;

  constructor(reason: StatusReason, message: string, details?: StatusBody['details']) {
    super(message);
    this.name = 'StatusError';
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details ? { details } : {}),
      code: CODES[reason],
    };
  }
}
