// What the routes of StatusRoutes say of themselves; OpenAPITests fail for one that says nothing.

import Jobs

enum StatusTexts {
    private static let name = RouteText.Parameter.header(
        "X-Layerfold-Name", .jobName, "The job's name where the manifest gives none.")
    private static let manifest = RouteText.Body.manifest(
        "A manifest, as JOB_FORMAT.md describes it.")

    /// By method and path, as the routes are written.
    static let all: [String: RouteText] = [
        "GET /v1/status": RouteText("What the server is and does.", "ServerStatus"),
        "GET /v1/inbox": RouteText(
            "What lies in the inbox and why, and what was rejected.", "InboxReport"),
        "GET /v1/jobs": RouteText(
            "Jobs, a page at a time.", "JobList",
            parameters: [
                .query("limit", .integer(min: 1), "How many at most."),
                .query("after", .place, "`next` of the answer before."),
                .query("state", .states, "Only jobs in these states, with commas between them."),
                .query("user", .integer(min: 0), "Only jobs of this user."),
                .query("model", .text, "Only jobs whose model has this in its name."),
                .query("text", .text, "Only jobs with this in name, identifier or reason."),
                .query("order", .words(of: JobQuery.Order.self), "Which come first."),
            ]),
        "GET /v1/audit": RouteText(
            "Who did what, the newest first.", "AuditList",
            parameters: [
                .query("limit", .integer(min: 1), "How many at most."),
                .query("after", .integer(min: 0), "`next` of the answer before."),
                .query("job", .text, "Only what was done to this job."),
                .query("user", .integer(min: 0), "Only what this user did."),
            ]),
        "GET /v1/jobs/:id": RouteText("All that is known of a job.", "JobDetail"),
        "GET /v1/jobs/:id/progress": RouteText(
            "The stages of the present or last attempt.", "JobProgress"),
        "GET /v1/jobs/:id/log": RouteText(
            "A part of the worker's log; its end where no offset is given.",
            parameters: [.query("offset", .integer(min: 0), "Where to begin, in bytes.")],
            answers: [
                .init(
                    200, "At most 256 KiB; `X-Layerfold-Next-Offset` says where to go on.", .text,
                    type: "text/plain")
            ]),
        "POST /v1/check": RouteText(
            "The job that a manifest comes to, if it would be taken; nothing is queued.",
            "JobDescription", parameters: [name], body: manifest),
        "POST /v1/plan": RouteText(
            "What a manifest would take; nothing is queued.", "Forecast", parameters: [name],
            body: manifest),
        "POST /v1/jobs": RouteText(
            "Queues a job; the answer comes once that is durable.", "JobReceipt", status: 201,
            parameters: [name], body: manifest),
        "POST /v1/jobs/:id/cancel": RouteText("Cancels a job.", "JobReceipt"),
        "POST /v1/jobs/:id/retry": RouteText(
            "Queues a failed or cancelled job again.", "JobReceipt"),
        "POST /v1/jobs/:id/hold": RouteText(
            "Makes a job wait until it is released.", "JobReceipt"),
        "POST /v1/jobs/:id/release": RouteText("Lets a held job go.", "JobReceipt"),
        "POST /v1/jobs/:id/priority": RouteText(
            "Gives a job that waits another place.", "JobReceipt",
            parameters: [
                .query("to", .integer(min: -100, max: 100), "The priority.", isRequired: true)
            ]),
        "DELETE /v1/jobs/:id": RouteText(
            "Removes a job that has ended, with all that there is of it.", "RemovalReceipt"),
        "DELETE /v1/jobs/:id/results": RouteText(
            "Removes the results of a job that has ended.", "RemovalReceipt"),
        "GET /v1/tokens": RouteText(
            "The tokens that the caller may see, without their secrets.", "TokenList"),
        "POST /v1/tokens": RouteText(
            "Makes a token; its secret is in this answer, and nowhere else.", "NewToken",
            status: 201,
            body: .json("What the token shall be; nothing: the defaults.", Schemas.tokenRequest)),
        "GET /v1/notify": RouteText("How one is told of one's jobs.", "NotifyReport"),
        "PUT /v1/notify": RouteText(
            "Keeps how one wants to be told of one's jobs.", "NotifyReport",
            parameters: [
                .query("secret", .words(["new"]), "`new` for another secret of webhooks.")
            ],
            body: .json(
                "The value of `notify` of a manifest; nothing: what is kept stays.",
                Schemas.notifyRequest)),
        "DELETE /v1/notify": RouteText("Forgets it.", "NotifyReport"),
        "POST /v1/notify/test": RouteText(
            "Writes a letter by each way.", "NotifyReport", status: 201),
        "DELETE /v1/tokens/:token": RouteText("Revokes a token.", "TokenSummary"),
        "GET /v1/openapi.json": RouteText(
            "This description.",
            answers: [.init(200, "An OpenAPI 3.1 document.", .object([:], isOpen: true))]),
    ]
}
