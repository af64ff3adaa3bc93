// The first page, and lists of jobs by a filter.

import HTTP
import Jobs
import Pages

extension PageRoutes {
    /// Rows of each part of the first page.
    private static let runningMax = 20
    private static let waitingMax = 15
    private static let endedMax = 25

    /// - Parameter isList: one list with pages, whether or not something is asked of it.
    func home(_ call: Route.Call, isList: Bool = false) async throws -> HTTPResponse {
        let filter = JobFilter(call.request.items)
        let own = visibility.limit(for: call.caller)
        let status = try await queue.status()
        var retention = status.retention
        if let own { retention?.announced.removeAll { $0.owner != own } }
        let listing =
            isList || !filter.isEmpty
            ? try await list(filter, seenBy: own) : try await overview(seenBy: own)
        let page = HomePage(
            listing, counts: try await queue.counts(of: own), problems: status.problems ?? [],
            isStopping: status.isStopping, disk: disk.look(), retention: retention,
            freedBytes: call.request.freedBytes, now: now)
        return PageAnswer.html(page.render(PageAnswer.frame(call.visitor)))
    }

    private func overview(seenBy own: Int?) async throws -> HomePage.Listing {
        func part(_ word: String, _ limit: Int) async throws -> [JobSummary] {
            var filter = JobFilter()
            filter.state = word
            return try await queue.page(filter.query(owner: own, limit: limit)).jobs
        }
        let parts = [
            try await part("running", Self.runningMax), try await part("waiting", Self.waitingMax),
            try await part("ended", Self.endedMax),
        ]
        let lines = try await self.lines(parts.flatMap { $0 })
        let (running, waiting) = (parts[0].count, parts[1].count)
        return .overview(
            running: Array(lines.prefix(running)),
            waiting: Array(lines.dropFirst(running).prefix(waiting)),
            ended: Array(lines.dropFirst(running + waiting)))
    }

    private func list(_ filter: JobFilter, seenBy own: Int?) async throws -> HomePage.Listing {
        var owner = own
        if !filter.owner.isEmpty {
            let asked = try await people.number(named: filter.owner) ?? Int(filter.owner)
            // Others' jobs: none, rather than one's own under another name.
            guard let asked, own == nil || own == asked else {
                return .list([], filter, next: nil)
            }
            owner = asked
        }
        let page = try await queue.page(filter.query(owner: owner, limit: HomePage.rowsMax))
        return .list(try await lines(page.jobs), filter, next: page.next)
    }

    /// Jobs with their owners' names, and when they are expected to start.
    func lines(_ jobs: [JobSummary]) async throws -> [JobLine] {
        let owners = await people.names(of: jobs.compactMap(\.owner))
        let starts =
            jobs.contains { $0.state == .queued } ? await queue.expectedStarts() : [:]
        return jobs.map { job in
            JobLine(
                job, owner: job.owner.map { owners[$0] ?? "user \($0)" } ?? "not known",
                expectedStart: starts[job.id])
        }
    }
}
