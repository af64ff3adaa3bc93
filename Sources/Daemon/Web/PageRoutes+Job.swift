// A job's page, its log and its report.

import DurableIO
import HTTP
import Jobs
import Pages
import SystemPackage

extension PageRoutes {
    var job: [Route] {
        [
            Route("GET /jobs/:id") { try await page(of: $0) },
            Route("GET /jobs/:id/log") { try await log(of: $0) },
            Route("GET /jobs/:id/report") { try await report(of: $0) },
            Route("GET /jobs/:id/files/:name") { try await file(of: $0) },
        ]
    }

    private func page(of call: Route.Call) async throws -> HTTPResponse {
        let detail = try await queue.detail(call.job)
        let read = await files.read(
            detail, history: await queue.progressInMemory(of: call.job))
        let summary = detail.summary
        guard let line = try await lines([summary]).first else { throw JobQueue.noJob(call.job) }
        var writer: String?
        if let by = detail.note?.by { writer = await people.names(of: [by])[by] }
        let maySubmit = call.visitor.scope >= .submit
        let rights = JobPage.Rights(
            mayChange: maySubmit
                && (summary.owner.map { call.caller.mayChange(jobOf: $0) } ?? call.caller.isAdmin),
            maySubmit: maySubmit)
        let isAtWork = [.running, .cancelling].contains(summary.state)
        let stages = StageTable(
            plan: read.plan, history: read.history,
            isOver: !isAtWork && !read.history.isEmpty)
        // As of the API: where somebody is told is a key, or hers to give.
        let isShown = detail.showsManifest(to: call.caller)
        let manifest = isShown ? read.manifest : .absent(JobDetail.hiddenManifest)
        let page = JobPage(
            detail, line: line, stages: stages, manifest: manifest, log: read.log,
            results: read.results, noteBy: writer, rights: rights, hasReport: read.hasReport,
            files: read.files, freedBytes: call.request.freedBytes)
        return PageAnswer.html(page.render(PageAnswer.frame(call.visitor)))
    }

    // MARK: Log

    private static let pieceBytesMax = 262_144

    /// `?offset=N`: a part, as the API gives it; else all of it, and `?download=1` as a file.
    private func log(of call: Route.Call) async throws -> HTTPResponse {
        let (id, type) = (call.job, "text/plain; charset=utf-8")
        if let offset = try call.offset() {
            let chunk = try await files.log(
                of: id, from: .offset(offset), bytesMax: Self.pieceBytesMax)
            return HTTPResponse(
                status: 200, type: type,
                headers: [("X-Layerfold-Next-Offset", "\(chunk.nextOffset)")], .bytes(chunk.bytes))
        }
        var headers: [(name: String, value: String)] = []
        if call.request.query("download") != nil {
            headers.append(("Content-Disposition", "attachment; filename=\"\(id).log\""))
        }
        return HTTPResponse(
            status: 200, type: type, headers: headers,
            .stream { [files] stream in
                for isEarlier in [true, false] {
                    var offset = 0
                    while true {
                        let chunk = try await files.log(
                            of: id, isEarlier: isEarlier, from: .offset(offset),
                            bytesMax: Self.pieceBytesMax)
                        // A log that began anew ends here: its first part has another name by now.
                        guard !chunk.bytes.isEmpty, chunk.nextOffset > offset else { break }
                        try await stream.write(chunk.bytes)
                        offset = chunk.nextOffset
                    }
                }
            })
    }

    // MARK: Report

    /// What a report may do: run its own script, which its own policy names, and nothing else. It
    /// lies where its owner may change it, so it is nobody's page here: no cookies, no forms, no
    /// way to the rest of the server.
    private static let reportPolicy = [
        "sandbox allow-scripts", "default-src 'none'", "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'self'",
    ].joined(separator: "; ")

    private func report(of call: Route.Call) async throws -> HTTPResponse {
        let file = try await hold(nil, of: call.job)
        return HTTPResponse(
            status: 200, type: "text/html; charset=utf-8",
            headers: [
                ("Content-Security-Policy", Self.reportPolicy),
                ("X-Content-Type-Options", "nosniff"),
            ], .stream { try await send(file, to: $0) })
    }

    // MARK: Files

    /// A file for other programs, by a name that is known here.
    private func file(of call: Route.Call) async throws -> HTTPResponse {
        let name = call.named["name"] ?? ""
        guard let known = ResultFile(rawValue: name) else {
            throw ErrorDocument(
                code: .notFound,
                message: "of a job's results "
                    + ResultFile.allCases.map(\.rawValue).joined(separator: ", ")
                    + " are to be had here; the models lie in the folder that its page names")
        }
        let file = try await hold(known, of: call.job)
        let saved = known.name(ofJob: call.job)
        return HTTPResponse(
            status: 200, type: known.type,
            headers: [
                ("Content-Disposition", "attachment; filename=\"\(saved)\""),
                ("X-Content-Type-Options", "nosniff"),
            ], .stream { try await send(file, to: $0) })
    }

    private func hold(_ file: ResultFile?, of job: String) async throws -> JobFiles.Held {
        guard let path = try await queue.detail(job).resultsDirectory else {
            throw ErrorDocument(code: .notFound, message: "job \(job) has no results")
        }
        return try await files.hold(file, in: FilePath(path))
    }

    /// As many bytes as there were when it began.
    private func send(_ file: JobFiles.Held, to stream: ResponseStream) async throws {
        var offset = 0
        while offset < file.byteCount {
            let bytes = try await files.piece(
                file, from: offset, bytesMax: min(Self.pieceBytesMax, file.byteCount - offset))
            guard !bytes.isEmpty else { return }
            try await stream.write(bytes)
            offset += bytes.count
        }
    }
}
