// `layerfold audit`: who did what, as the daemon has it on record.

import ArgumentParser
import Client
import Foundation
import Jobs

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show who submitted, cancelled, held, ... what.",
        discussion: "The newest last. Users are the system's word, not the manifest's.")

    @Argument(help: "Only this job: an id, its beginning, a name or `latest`.") var job: String?
    @OptionGroup var daemon: DaemonPlace
    @Option(help: "Only what this user did: a name or a number.") var user: String?
    // Also of a number below 0, so that `validate` tells what is wrong with it.
    @Option(parsing: .unconditional, help: "So many at most. Default: 20, and all with --json.")
    var limit: Int?
    @Flag(help: "Whole ids.") var wide = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected 1 or more") }
    }

    func run() throws {
        var query = AuditQuery()
        query.job = try job.map { try daemon.access.ids(of: [$0])[0] }
        query.user = try user.map(UserName.number)
        let (events, isCut) = try Pages.gather(limit ?? (json ? nil : 20)) { rest in
            query.limit = min(rest, AuditQuery.limitMax)
            let page = try daemon.ask { try $0.audit(query) }
            query.after = page.next
            return (page.events, page.next != nil)
        }
        if json { return try Terminal.json(events) }
        Terminal.table(JobText.audit(events.reversed(), isWide: wide))
        if isCut { Terminal.error("older events are left out; --limit shows more") }
    }
}
