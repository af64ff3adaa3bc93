// Who sees and changes what over the API, and the pages of its lists, without sockets: a queue that
// was not started keeps its jobs as they are.

import Daemon
import DurableIO
import Foundation
import HTTP
import Jobs
import Logging
import Store
import SystemPackage
import Testing

@Suite struct StatusRoutesTests {
    private struct API {
        let folder: TestFolder
        let index: IndexDatabase
        let routes: StatusRoutes

        init(isPrivate: Bool = false) throws {
            folder = try TestFolder()
            // Who submits must be able to read the model.
            try Syscalls.chmod(folder.path, 0o711)
            let state = folder.file("state")
            var configuration = DaemonConfiguration(
                folders: StateFolders(state: state), modelRoots: [state.appending("models")],
                dataRoots: [], worker: folder.file("worker"))
            configuration.isPrivate = isPrivate
            try configuration.folders.make()
            let model = state.appending("models/demo")
            try FileManager.default.createDirectory(
                atPath: model.string, withIntermediateDirectories: true)
            try folder.write("{}", to: model.appending("config.json"))
            index = try IndexDatabase(path: configuration.folders.index)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let settings = LiveConfiguration(configuration)
            let queue = JobQueue(
                settings: settings, index: index, health: Health(),
                notifier: Notifier(environment: [:], process: 0), logger: logger)
            routes = StatusRoutes(
                settings: settings, queue: queue,
                inbox: Inbox(settings: settings, queue: queue, logger: logger))
        }

        func ask(
            _ words: String, by caller: Caller, body: String = ""
        ) async throws -> (status: Int, allow: String?, body: Data) {
            var reader = RequestReader()
            let text =
                "\(words) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            reader.take(Array(text.utf8)[...])
            guard case .complete(let request)? = reader.outcome else {
                Issue.record("no request: \(words)")
                return (0, nil, Data())
            }
            let response = await routes.respond(to: request, from: caller)
            let allow = response.headers.first { $0.name == "Allow" }?.value
            guard case .bytes(let bytes) = response.body else {
                return (response.status, allow, Data())
            }
            return (response.status, allow, Data(bytes))
        }

        func submit(_ name: String, by caller: Caller) async throws -> String {
            let answer = try await ask(
                "POST /v1/jobs", by: caller, body: TestDaemon.manifest(name))
            try #require(answer.status == 201, "\(String(decoding: answer.body, as: UTF8.self))")
            return try JSONDecoder().decode(JobReceipt.self, from: answer.body).id
        }

        func list(_ query: String, by caller: Caller) async throws -> JobList {
            let answer = try await ask("GET /v1/jobs\(query)", by: caller)
            try #require(answer.status == 200)
            return try JSONDecoder().decode(JobList.self, from: answer.body)
        }
    }

    private static let ann = Caller(user: 1_001, isAdmin: false)
    private static let bob = Caller(user: 1_002, isAdmin: false)
    private static let admin = Caller(user: 1_003, isAdmin: true)

    @Test(arguments: ["x", "-1", "", "1e3"])
    func `a place in a log that is none is refused, not taken for its end`(text: String)
        async throws
    {
        let api = try API()
        let id = try await api.submit("anns", by: Self.ann)
        let path = "GET /v1/jobs/\(id)/log?offset="
        #expect(try await api.ask(path + text, by: Self.ann).status == 409)
        #expect(try await api.ask(path + "5", by: Self.ann).status == 200)
    }

    // MARK: Rights

    private static let looks = ["GET ", "GET /progress", "GET /log"]
    private static let changes = [
        "POST /cancel", "POST /retry", "POST /hold", "POST /release", "POST /priority?to=1",
        "DELETE /results", "DELETE ",
    ]

    @Test(arguments: [false, true])
    func `each route about a job is for those whom it concerns`(isPrivate: Bool) async throws {
        let api = try API(isPrivate: isPrivate)
        let id = try await api.submit("anns", by: Self.ann)
        for (routes, isChange) in [(Self.looks, false), (Self.changes, true)] {
            for route in routes {
                let words = route.split(separator: " ", omittingEmptySubsequences: false)
                let request = "\(words[0]) /v1/jobs/\(id)\(words[1])"
                for caller in [Self.ann, Self.admin] {
                    let status = try await api.ask(request, by: caller).status
                    #expect(![403, 404].contains(status), "\(request) by \(caller): \(status)")
                    if !isChange { #expect(status == 200) }
                }
                let status = try await api.ask(request, by: Self.bob).status
                let expected = isPrivate ? 404 : isChange ? 403 : 200
                #expect(status == expected, "\(request): \(status)")
            }
        }
        // Not there and not shown are told in the same words.
        let unknown = JobIdentifier.make(now: 5)
        let hidden = try await api.ask("GET /v1/jobs/\(id)", by: Self.bob).body
        let absent = try await api.ask("GET /v1/jobs/\(unknown)", by: Self.bob).body
        let texts = [(hidden, id), (absent, unknown)].map {
            String(decoding: $0, as: UTF8.self).replacing($1, with: "ID")
        }
        #expect(isPrivate == (texts[0] == texts[1]))
    }

    @Test func `a submission belongs to who sent it, whatever it says`() async throws {
        let api = try API()
        let id = try await api.submit("anns", by: Self.ann)
        let summary = try #require(try await api.list("", by: Self.bob).jobs.first)
        #expect(summary.id == id && summary.owner == 1_001)
        #expect(try api.index.job(id)?.owner == 1_001)
        let record = TestFolder.text(api.folder.file("state/jobs/\(id)/job.json"))
        #expect(
            record.contains("\"owner\" : 1001") || record.contains("\"owner\":1001"), "\(record)")
    }

    @Test func `who has given up has submitted nothing`() async throws {
        let api = try API()
        let body = TestDaemon.manifest("anns")
        let answer = try await Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await api.ask("POST /v1/jobs", by: Self.ann, body: body)
        }.value
        #expect(answer.status == 503)
        #expect(try await api.list("", by: Self.ann).jobs.isEmpty)
        _ = try await api.submit("anns", by: Self.ann)
    }

    @Test func `a private server shows people their own jobs only`() async throws {
        let api = try API(isPrivate: true)
        let anns = try await api.submit("anns", by: Self.ann)
        let bobs = try await api.submit("bobs", by: Self.bob)
        #expect(try await api.list("", by: Self.ann).jobs.map(\.id) == [anns])
        #expect(try await api.list("?order=submitted", by: Self.bob).jobs.map(\.id) == [bobs])
        #expect(try await api.list("?user=1002", by: Self.ann).jobs.isEmpty)
        #expect(try await api.list("?user=1002", by: Self.admin).jobs.map(\.id) == [bobs])
        #expect(try await api.list("", by: Self.admin).jobs.count == 2)
        func acts(_ caller: Caller) async throws -> [String?] {
            let answer = try await api.ask("GET /v1/audit", by: caller)
            return try JSONDecoder().decode(AuditList.self, from: answer.body).events.map(\.job)
        }
        #expect(try await acts(Self.ann) == [anns])
        #expect(try await acts(Self.bob) == [bobs])
        #expect(try await acts(Self.admin) == [bobs, anns])
    }

    // MARK: Lists

    @Test func `what runs and waits comes before all that has ended, page by page`() async throws {
        let api = try API()
        let first = try await api.submit("first", by: Self.ann)
        let second = try await api.submit("second", by: Self.bob)
        var ended: [String] = []
        for number in 0..<25 {
            let id = JobIdentifier.make(now: number)
            _ = try api.index.insertJob(
                JobRow(
                    id: id, name: "old", owner: 1_002, manifestDigest: "",
                    state: number % 2 == 0 ? "done" : "failed", submittedAt: number))
            ended.insert(id, at: 0)
        }
        for limit in [1, 2, 3, 26, 27, 28] {
            var (found, after, pages): ([String], String, Int) = ([], "", 0)
            repeat {
                let page = try await api.list("?limit=\(limit)\(after)", by: Self.ann)
                #expect(page.jobs.count <= limit)
                found += page.jobs.map(\.id)
                after = page.next.map { "&after=\($0)" } ?? ""
                pages += 1
            } while !after.isEmpty && pages < 100
            #expect(found == [first, second] + ended, "\(limit)")
            #expect(pages == (27 + limit - 1) / limit, "no empty page at the end")
        }
        let newest = try await api.list("?order=submitted&limit=2", by: Self.ann)
        #expect(newest.jobs.map(\.id) == Array(ended.prefix(2)))
        let others = try await api.list("?order=submitted&after=\(newest.next ?? "")", by: Self.ann)
        #expect(others.jobs.map(\.id) == ended.dropFirst(2) + [second, first])
        #expect(try await api.list("?user=1001", by: Self.bob).jobs.map(\.id) == [first])
        let done = try await api.list("?state=done,queued&user=1002", by: Self.bob).jobs
        #expect(done.count == 14 && done.first?.id == second)
        #expect(done.dropFirst().allSatisfy { $0.state == .done })
    }

    @Test(arguments: [
        "?limit=0", "?limit=x", "?state=", "?state=runing", "?after=x", "?after=9-1", "?user=ann",
        "?order=up", "?lmit=5",
    ])
    func `a query that makes no sense is refused by name`(query: String) async throws {
        let api = try API()
        let answer = try await api.ask("GET /v1/jobs\(query)", by: Self.ann)
        #expect(answer.status == 409)
        let name = query.dropFirst().prefix { $0 != "=" }
        #expect(String(decoding: answer.body, as: UTF8.self).contains(name))
    }

    @Test func `the audit log says who did what, page by page`() async throws {
        let api = try API()
        var ids: [String] = []
        for number in 0..<5 {
            ids.insert(
                try await api.submit("job-\(number)", by: number % 2 == 0 ? Self.ann : Self.bob),
                at: 0)
        }
        func audit(_ query: String) async throws -> AuditList {
            let answer = try await api.ask("GET /v1/audit\(query)", by: Self.bob)
            return try JSONDecoder().decode(AuditList.self, from: answer.body)
        }
        let page = try await audit("?limit=2")
        #expect(page.events.map(\.job) == Array(ids.prefix(2)))
        #expect(page.events.allSatisfy { $0.verb == "submit" && !$0.isAdmin })
        #expect(page.events.map(\.user) == [1_001, 1_002])
        let rest = try await audit("?after=\(page.next ?? 0)")
        #expect(rest.events.map(\.job) == Array(ids.dropFirst(2)) && rest.next == nil)
        #expect(try await audit("?user=1002").events.count == 2)
        #expect(try await audit("?job=\(ids[3])").events.map(\.job) == [ids[3]])
    }

    @Test func `routes that are not there say what is`() async throws {
        let api = try API()
        let answer = try await api.ask("GET /v1/check", by: Self.ann)
        #expect(answer.status == 405)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("POST is known there"))
        #expect(answer.allow == "POST")
        #expect(try await api.ask("GET /", by: Self.ann).status == 404)
        #expect(try await api.ask("GET /v1/jobs/x", by: Self.ann).status == 404)
    }

    // MARK: Callers

    @Test func `admins are root, the daemon's user and members of the group, and nobody else`()
        throws
    {
        let callers = Callers(daemonUser: 993, adminGroup: 50)
        func isAdmin(_ user: Int, _ groups: Set<Int> = []) throws -> Bool {
            try callers.caller(Peer(user: user, groups: groups)).isAdmin
        }
        #expect(try isAdmin(0) && isAdmin(993) && isAdmin(1_001, [7, 50]))
        #expect(try !isAdmin(1_001) && !isAdmin(50) && !isAdmin(1_001, [993, 0]))
        let without = Callers(daemonUser: 993, adminGroup: nil)
        #expect(try !without.caller(Peer(user: 1_001, groups: [0, 50])).isAdmin)
        for user in [nil, 65_534] {
            let peer = Peer(user: user, groups: [50])
            #expect(throws: ErrorDocument.self) { try callers.caller(peer) }
        }
    }
}
