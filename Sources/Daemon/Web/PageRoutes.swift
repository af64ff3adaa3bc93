// The pages Home, Job and Rejected files, and what all pages share. Values are gathered here; how
// they look is Pages' business.

import HTTP
import Jobs
import Pages

struct PageRoutes: Sendable {
    let live: LiveConfiguration
    let queue: JobQueue
    let inbox: Inbox
    let people: People
    let files: JobFiles
    let disk: DiskFigures

    var configuration: DaemonConfiguration { live.current }
    var visibility: Visibility { Visibility(isPrivate: configuration.isPrivate) }
    var now: Int { configuration.clock.now() }

    init(settings: LiveConfiguration, queue: JobQueue, inbox: Inbox, people: People) {
        live = settings
        self.queue = queue
        self.inbox = inbox
        self.people = people
        let configuration = settings.current
        files = JobFiles(folders: configuration.folders)
        disk = DiskFigures(folders: configuration.folders, uptime: configuration.clock.uptime)
    }

    var all: [Route] { assets + lists + job + orders }

    private var assets: [Route] {
        [
            Route("GET /assets/pages.css", isOpen: true) { PageAssets.style.answer($0.request) },
            Route("GET /assets/pages.js", isOpen: true) { PageAssets.script.answer($0.request) },
        ]
    }

    private var lists: [Route] {
        [
            Route("GET /") { try await home($0) },
            Route("GET /jobs") { try await home($0, isList: true) },
            Route("GET /rejected") { try await rejected($0) },
        ]
    }

    private func rejected(_ call: Route.Call) async throws -> HTTPResponse {
        let report = await inbox.report(seenBy: visibility.limit(for: call.caller))
        let owners = await people.names(of: (report.rejected ?? []).compactMap(\.owner))
        return PageAnswer.html(
            RejectedPage(report, names: owners).render(PageAnswer.frame(call.visitor)))
    }
}

extension HTTPRequest {
    /// Names and values of the address.
    var items: [(name: String, value: String)] { query.map { ($0.name, $0.value) } }

    /// What a removal before this page has freed.
    var freedBytes: Int? { query("freed").flatMap { Int($0) } }
}
