// What a manifest comes to, and what the stream of events tells, as schemas.

import Failures
import Jobs

extension Schemas {
    // MARK: Descriptions

    /// Methods, tasks and sets have parameters of their own beside what stands here.
    static let descriptions: [String: Schema] = [
        "JobDescription": .object(
            [
                "version": .integer, "name": .text, "model": .text,
                "compress": .list(
                    of: .object(
                        ["method": .text],
                        optional: ["ratios": .list(of: .number), "label": .text], isOpen: true)),
                "evaluate": .list(of: .object(["task": .text], isOpen: true)),
                "output": .object([
                    "dtype": .words(of: JobDescription.OutputDType.self), "shard_bytes": .integer,
                ]), "priority": .integer,
            ],
            optional: [
                "calibration": .named("Calibration"),
                "analysis": .object(
                    [
                        "similarity": .text, "representation": .text,
                        "compute": .words(of: JobDescription.ComputeChoice.self),
                    ], isOpen: true),
                "compare": .object(
                    [:],
                    optional: [
                        "measures": .list(of: .text), "sets": .list(of: .named("Calibration")),
                    ], isOpen: true),
                "quantize": .list(
                    of: .object(
                        ["method": .text, "original": .flag], optional: ["label": .text],
                        isOpen: true)),
                "export": .list(of: .object(["format": .text], isOpen: true)),
                "run_on": .words(of: JobDescription.RunPlace.self),
                "resources": .object(
                    [:],
                    optional: [
                        "account": .text, "partition": .text, "qos": .text, "time": .text,
                        "memory": .integer, "cpus": .integer, "constraint": .text,
                        "extra": .list(of: .text),
                    ]),
                "notify": .named("NotifyWish").described("For owner and admins alone."),
            ]),
        "Calibration": .object(
            ["dataset": .text, "max_tokens": .integer, "seed": .integer],
            optional: [
                "name": .text, "share": .number, "path": .text,
                "parts": .list(of: .named("Calibration")),
            ], isOpen: true),
    ]

    /// What is submitted. Its keys are all that there are; what stands below them depends on
    /// methods, tasks and formats.
    static let manifest = Schema.object(
        [
            "version": .integer(min: 1, max: 1), "model": .text,
        ],
        optional: [
            "compress": .list(of: .object(["method": .text], isOpen: true)),
            "name": .jobName, "calibration": anything, "analysis": anything, "compare": anything,
            "quantize": .list(of: .object(["method": .text], isOpen: true)),
            "evaluate": .list(of: .object(["task": .text], isOpen: true)),
            "export": .list(of: .object(["format": .text], isOpen: true)),
            "output": anything, "priority": .integer(min: -100, max: 100),
            "notify": notifyRequest, "run_on": .words(of: JobDescription.RunPlace.self),
            "resources": anything,
        ])

    private static let anything = Schema.object([:], isOpen: true)

    // MARK: Events

    private static func event(
        _ kind: ServerEvent.Kind, _ required: [String: Schema] = [:],
        optional: [String: Schema] = [:]
    ) -> Schema {
        .object(
            required.merging(["kind": .words([kind.rawValue]), "at_ms": .time]) { $1 },
            optional: optional)
    }

    static let events: [String: Schema] = [
        "TimedEvent": .any(
            of: ServerEvent.Kind.allCases.map { .named(name(of: $0)) }),
        name(of: .job): event(
            .job,
            [
                "job": .job, "name": .text, "owner": .user, "state": .named("JobState"),
                "attempts": .integer,
            ],
            optional: [
                "position": .integer(min: 0).described("Jobs that will start before this one."),
                "held": .words(of: HoldReason.self), "reason": .text,
                "class": .words(of: FailureClass.self), "removed": .flag,
            ]),
        name(of: .progress): event(
            .progress, ["job": .job, "stage": .text, "share": .number],
            optional: [
                "unit": .text, "rate": .number, "seconds_left": .number,
                "job_seconds_left": .number, "cache": .words(["hit", "miss"]),
            ]),
        name(of: .attempt): event(
            .attempt,
            ["job": .job, "attempt": .text, "state": .words(of: AttemptState.self)]),
        name(of: .worker): event(
            .worker, ["job": .job, "running": .flag],
            optional: ["process": .integer, "exit_code": .integer, "exit_signal": .integer]),
        name(of: .server): event(
            .server,
            [
                "problems": .list(of: .text), "held": .integer(min: 0), "stopping": .flag,
                "disk_full": .flag,
            ],
            optional: ["disk_free_bytes": .integer]),
        name(of: .collection): event(
            .collection,
            [
                "actions": .integer, "objects": .integer, "freed_bytes": .integer,
                "kept_bytes": .integer, "over_limit": .flag,
            ]),
        name(of: .rejected): event(
            .rejected, ["file": .text, "reason": .text, "problem": .text],
            optional: ["owner": .user]),
        name(of: .reset): event(.reset),
    ]

    private static func name(of kind: ServerEvent.Kind) -> String {
        "\(kind.rawValue.prefix(1).uppercased())\(kind.rawValue.dropFirst())Event"
    }
}
