// What is counted and logged of requests. Each series is made once, when its first sample comes; their number is bounded
// by routes × statuses. Single requests are not logged, only those that failed on our side.
import { traceField } from "@atoll/core/edge";
import type { Clock, Counter, Histogram, Logger, Metrics } from "@atoll/core/runtime";
import type { Problem } from "./problem.ts";

/** Upper bounds in seconds: from below a commit to the deadline. */
const durationBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Methods that are told apart; a client can invent others. */
const knownMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Failures of one code that are logged in one second; the others are counted in the next line. */
const loggedPerSecondMax = 10;

/** The series of one method and route template. */
class RouteSeries {
  readonly #metrics: Metrics;
  readonly #labels: { readonly method: string; readonly route: string };
  readonly #duration: Histogram;
  readonly #byStatus = new Map<number, Counter>();

  constructor(metrics: Metrics, labels: { readonly method: string; readonly route: string }) {
    this.#metrics = metrics;
    this.#labels = labels;
    this.#duration = metrics.histogram("atoll_http_request_duration_seconds", "From the headers to the answer.", labels, durationBounds);
  }

  record(status: number, durationMs: number): void {
    let counter = this.#byStatus.get(status);
    if (!counter) {
      counter = this.#metrics.counter("atoll_http_requests_total", "Requests answered.", { ...this.#labels, status: String(status) });
      this.#byStatus.set(status, counter);
    }
    counter.add(1);
    this.#duration.observe(durationMs / 1000);
  }
}

export class Traffic {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #series = new Map<string, RouteSeries>();
  readonly #logged = new Map<string, { second: number; count: number; suppressed: number }>();

  constructor(init: { readonly metrics: Metrics; readonly logger: Logger; readonly clock: Clock }) {
    this.#metrics = init.metrics;
    this.#logger = init.logger;
    this.#clock = init.clock;
  }

  /** `route` is a template, or a word for what has none; never a path that a client chose. */
  record(given: string, route: string, status: number, startedMs: number): void {
    const method = knownMethods.has(given) ? given : "other";
    const name = `${method} ${route}`;
    let series = this.#series.get(name);
    if (!series) this.#series.set(name, (series = new RouteSeries(this.#metrics, { method, route })));
    series.record(status, this.#clock.monotonic() - startedMs);
  }

  /** For problems of 500 and above. The cause is told here and nowhere else. */
  failed(problem: Problem, method: string, route: string, trace: string | undefined): void {
    const { code, status, cause } = problem;
    const second = Math.floor(this.#clock.monotonic() / 1000);
    let logged = this.#logged.get(code);
    if (!logged) this.#logged.set(code, (logged = { second, count: 0, suppressed: 0 }));
    if (logged.second !== second) Object.assign(logged, { second, count: 0 });
    if (logged.count >= loggedPerSecondMax) {
      logged.suppressed += 1;
      return;
    }
    logged.count += 1;
    const { suppressed } = logged;
    logged.suppressed = 0;
    const level = status === 500 ? "error" : "warn";
    this.#logger.log(level, "gateway.request_failed", {
      code,
      status,
      method,
      route,
      error: cause,
      ...traceField(trace),
      ...(suppressed > 0 ? { suppressed } : {}),
    });
  }
}
