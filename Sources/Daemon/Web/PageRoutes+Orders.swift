// What people order by the forms of a job's page. Each ends with that page, so that loading it
// again orders nothing. That a form is of a page of ours was looked at before.

import HTTP
import Jobs
import Pages

extension PageRoutes {
    var orders: [Route] {
        [
            Route("POST /jobs/:id/cancel") { call in
                _ = try await queue.cancel(call.job, by: call.caller)
                return Self.back(call)
            },
            Route("POST /jobs/:id/retry") { call in
                _ = try await queue.retry(call.job, by: call.caller)
                return Self.back(call)
            },
            Route("POST /jobs/:id/hold") { call in
                _ = try await queue.hold(call.job, by: call.caller)
                return Self.back(call)
            },
            Route("POST /jobs/:id/release") { call in
                _ = try await queue.release(call.job, by: call.caller)
                return Self.back(call)
            },
            Route("POST /jobs/:id/priority") { call in
                let text = try FormBody(call.request.body).value("to") ?? ""
                guard let priority = Int(text) else {
                    throw ErrorDocument(
                        code: .refused,
                        message: "the priority: expected a whole number, -100 to 100")
                }
                _ = try await queue.setPriority(call.job, to: priority, by: call.caller)
                return Self.back(call)
            },
            Route("POST /jobs/:id/note", keeps: .note) { call in
                let text = try FormBody(call.request.body).value("note") ?? ""
                _ = try await queue.setNote(call.job, to: text, by: call.caller)
                return Self.back(call)
            },
            Route("GET /jobs/:id/remove", needs: .submit) { try await removal(of: $0) },
            Route("POST /jobs/:id/remove") { try await remove($0) },
        ]
    }

    private static func back(_ call: Route.Call) -> HTTPResponse {
        HTTPResponse.redirect(to: PageAnswer.frame(call.visitor).link("/jobs/\(call.job)"))
    }

    /// Asks, and says how many bytes it is about.
    private func removal(of call: Route.Call) async throws -> HTTPResponse {
        let detail = try await queue.detail(call.job)
        let job = detail.summary
        guard call.caller.mayChange(jobOf: job.owner ?? -1) else {
            throw ErrorDocument(
                code: .forbidden,
                message: "job \(job.id) belongs to somebody else: only they and admins can remove "
                    + "it")
        }
        guard job.state.isFinal else {
            throw ErrorDocument(
                code: .refused,
                message: "job \(job.id) is \(job.state.rawValue): cancel it, or wait until it has "
                    + "ended")
        }
        let bytes = await files.byteCounts(of: detail)
        let owner = try await lines([job]).first?.owner ?? ""
        return PageAnswer.html(
            RemovePage(job, owner: owner, resultBytes: bytes.results, jobBytes: bytes.job)
                .render(PageAnswer.frame(call.visitor)))
    }

    private func remove(_ call: Route.Call) async throws -> HTTPResponse {
        let word = try FormBody(call.request.body).value("what") ?? ""
        guard let part = RemovedPart(rawValue: word) else {
            let known = RemovedPart.allCases.map(\.rawValue).joined(separator: " or ")
            throw ErrorDocument(code: .refused, message: "`what`: expected \(known)")
        }
        let receipt = try await queue.remove(call.job, what: part, by: call.caller)
        let path = part == .job ? "/" : "/jobs/\(call.job)"
        return HTTPResponse.redirect(
            to: PageAnswer.frame(call.visitor).link(path) + "?freed=\(receipt.freedBytes)")
    }
}
