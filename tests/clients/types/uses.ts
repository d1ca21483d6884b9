// A caller's own code, as `tsc --strict` reads it with the stubs.
import type { CommandResult, ExecuteCommandRequest, FullJob, Job, JobEvent, KubentlyConfig, Problem, SessionResponse } from "../../../shared/schemas/kubently";

export function ask(cluster: string, ...args: string[]): ExecuteCommandRequest {
  return { cluster_id: cluster, command_type: "get", args, timeout_seconds: 10 };
}

export function said(answer: Job | Problem): string {
  if ("code" in answer) {
    return `${answer.code}: ${answer.detail}${answer.hint ? ` (${answer.hint})` : ""}`;
  }
  return answer.status === "completed" ? (answer.output ?? answer.output_url ?? "") : `${answer.reason ?? answer.status}`;
}

export function text(event: JobEvent): string {
  switch (event.type) {
    case "started":
      return `${event.worker} at ${event.timestamp}`;
    case "output":
    case "log":
      return event.data ?? "";
    case "reset":
      return "";
    case "complete":
      return said(event.job);
  }
}

export const last = (job: FullJob): JobEvent | undefined => job.events.at(-1);

export const port = (config: KubentlyConfig): number => config.api_port ?? 8080;

export function isOver(session: SessionResponse): boolean {
  return session.status === "expired" || session.status === "ended";
}

export const exitCode = (result: CommandResult): number | null | undefined => result.exit_code;

// @ts-expect-error an unknown status
export const wrong: Job["status"] = "done";
