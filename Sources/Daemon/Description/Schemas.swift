// The documents of the API as schemas, written by hand. OpenAPITests encode each type and hold it
// against the schema of its name: what a type has and its schema has not fails there.

import Failures
import Jobs

package enum Schemas {
    /// By the name of the type.
    package static let all: [String: Schema] =
        jobs.merging(server) { $1 }.merging(people) { $1 }.merging(events) { $1 }
        .merging(descriptions) { $1 }.merging(access) { $1 }

    private static let failureClass = Schema.words(of: FailureClass.self)

    // MARK: Jobs

    private static let jobs: [String: Schema] = [
        "JobReceipt": .object(["id": .job, "state": .named("JobState")]),
        "JobState": .words(of: JobState.self),
        "Failure": .object(
            ["class": failureClass, "message": .text], optional: ["disk_full": .flag]),
        "JobSummary": .object(
            [
                "id": .job, "name": .text, "state": .named("JobState"), "attempts": .integer,
                "submitted_at_ms": .time,
            ],
            optional: [
                "owner": .user, "model": .text.described("As written in the manifest."),
                "priority": .integer,
                "ahead": .integer(min: 0).described("Jobs that will start before this one."),
                "started_at_ms": .time, "finished_at_ms": .time, "not_before_ms": .time,
                "held": .words(of: HoldReason.self), "reason": .text,
                "failure": .named("Failure"), "progress": .named("Progress"),
            ]),
        "JobList": .object(
            ["jobs": .list(of: .named("JobSummary"), max: JobQuery.limitMax)],
            optional: ["next": .text.described("For `after`, where there are more.")]),
        "JobDetail": .object(
            [
                "summary": .named("JobSummary"), "attempts": .list(of: .named("Attempt")),
                "job_dir": .text,
            ],
            optional: [
                "record": .named("JobRecord"),
                "results_dir": .text.described("There once the results are whole."),
                "note": .named("JobNote"),
            ]),
        "JobNote": .object([
            "text": .text, "by": .user.described("Who wrote it."), "at_ms": .time,
        ]),
        "Attempt": .object(
            ["id": .text, "state": .words(of: AttemptState.self), "started_at_ms": .time],
            optional: [
                "finished_at_ms": .time, "process": .integer, "exit_code": .integer,
                "exit_signal": .integer,
            ]),
        "JobRecord": .object([
            "version": .integer, "id": .job, "source": .text, "owner": .user,
            "submitted_at_ms": .time, "manifest_sha256": .text,
            "description": .named("JobDescription"),
        ]),
        "JobProgress": .object(
            [
                "id": .job, "state": .named("JobState"),
                "history": .list(of: .named("ProgressLine")),
            ],
            optional: ["last": .named("ProgressLine")]),
        "Progress": .object(
            ["stage": .text, "done": .integer, "total": .integer, "unit": .text],
            optional: [
                "rate": .number.described("Units per second."), "seconds_left": .number,
                "job_seconds_left": .number, "detail": .text,
            ]),
        "ProgressLine": .object(
            [
                "kind": .words([
                    "stage-started", "progress", "stage-finished", "warning", "note", "finished",
                    "failed", "heartbeat",
                ])
            ],
            optional: [
                "stage": .text, "done": .integer, "total": .integer, "unit": .text,
                "rate": .number, "seconds_left": .number, "job_seconds_left": .number,
                "detail": .text, "cache": .words(["hit", "miss"]), "seconds": .number,
                "peak_bytes": .integer, "message": .text,
                "outcome": .words(["succeeded", "failed"]), "class": failureClass,
                "moves": .integer, "processor_seconds": .number, "transferred_bytes": .integer,
                "planned_seconds": .number, "kept": .integer,
            ]),
        "RemovalReceipt": .object([
            "id": .job, "what": .words(of: RemovedPart.self), "freed_bytes": .integer,
        ]),
        "Forecast": .object(
            ["stages": .list(of: .object([:], isOpen: true)), "obstacles": .list(of: .text)],
            optional: ["seconds": .number, "peak_bytes": .integer], isOpen: true),
    ]

    // MARK: Server

    private static let server: [String: Schema] = [
        "ServerStatus": .object(
            [
                "version": .text, "process": .integer, "started_at_ms": .time,
                "state_dir": .text, "inbox": .text, "model_roots": .list(of: .text),
                "data_roots": .list(of: .text), "jobs": .map(of: .integer(min: 0)),
                "stopping": .flag,
            ],
            optional: [
                "running": .job, "degraded": .text, "retention": .named("RetentionNotice"),
                "problems": .list(of: .text),
            ]),
        "RetentionNotice": .object([
            "announced": .list(
                of: .object([
                    "job": .job, "owner": .user, "bytes": .integer, "reason": .text,
                    "removed_at_ms": .time,
                ]))
        ]),
        "InboxReport": .object(
            [
                "inbox": .text,
                "staying": .list(of: .object(["name": .text, "reason": .text])),
            ],
            optional: [
                "problem": .text, "warnings": .list(of: .text), "more": .integer(min: 0),
                "rejected": .list(
                    of: .object(
                        ["name": .text, "reason": .text, "problem": .text, "path": .text],
                        optional: ["owner": .user, "rejected_at_ms": .time])),
            ]),
    ]

    // MARK: People

    private static let people: [String: Schema] = [
        "AuditList": .object(
            ["events": .list(of: .named("AuditEvent"), max: AuditQuery.limitMax)],
            optional: ["next": .integer]),
        "AuditEvent": .object(
            [
                "seq": .integer, "at_ms": .time, "user": .user, "verb": .text, "admin": .flag,
            ],
            optional: ["job": .text]),
        "ErrorDocument": .object(
            [
                "code": .words(of: ErrorDocument.Code.self), "message": .text,
            ],
            optional: ["manifest_error": .named("ManifestError")]),
        "ManifestError": .object(
            [
                "line": .integer(min: 1), "column": .integer(min: 1), "path": .text,
                "problem": .text,
            ],
            optional: ["expected": .text, "found": .text, "hint": .text]),
    ]
}
