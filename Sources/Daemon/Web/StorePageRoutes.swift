// The page about the store: its figures, and a collection on demand.

import DurableIO
import Failures
import HTTP
import Jobs
import Pages
import Store

struct StorePageRoutes: Sendable {
    private let live: LiveConfiguration
    private let queue: JobQueue
    private let keeper: CacheKeeper
    private let census: StoreCensus
    private let people: People
    private var visibility: Visibility { Visibility(isPrivate: live.current.isPrivate) }

    /// Many thousands of files may have to be looked at, or removed.
    private static let patience = 300_000
    private static let collectionsMax = 10

    init(
        settings: LiveConfiguration, queue: JobQueue, keeper: CacheKeeper, people: People
    ) {
        live = settings
        self.queue = queue
        self.keeper = keeper
        self.people = people
        census = StoreCensus(
            folders: settings.current.folders, clock: settings.current.clock, index: queue.index)
    }

    var all: [Route] {
        [
            Route("GET /store", patience: Self.patience) { call in
                .init(try await page(call), call)
            },
            Route("POST /store/collect", patience: Self.patience, needs: .admin) {
                try await collect($0)
            },
        ]
    }

    // MARK: Collecting

    /// Bytes of what somebody typed, in GiB.
    /// - Returns: Nil for an empty text: what the settings say.
    /// - Throws: `ErrorDocument`.
    static func bytes(keeping text: String) throws(ErrorDocument) -> Int? {
        if text.isEmpty { return nil }
        guard text.utf8.count <= 20, let value = Double(text), value >= 0, value <= 1e6 else {
            throw ErrorDocument(
                code: .refused,
                message: "what to keep: expected a number of GiB, such as 50 or 0.5, found "
                    + "`\(text.prefix(40))`")
        }
        return Int(value * 1_073_741_824)
    }

    private func collect(_ call: Route.Call) async throws -> HTTPResponse {
        let text = try FormBody(call.request.body).value("keep") ?? ""
        let report = try await keeper.collect(
            keeping: try Self.bytes(keeping: text), workingSince: await queue.workingSince())
        await census.forget()
        if let report { await queue.note(report, by: call.caller) }
        return HTTPResponse.redirect(
            to: PageAnswer.frame(call.visitor).link("/store#collections"))
    }

    // MARK: The page

    private func page(_ call: Route.Call) async throws -> (page: StorePage, status: Int) {
        var page = StorePage()
        var status = 200
        guard let figures = try await census.take() else { return (page, status) }
        page.exists = true
        page.keep = call.request.query("keep").map { String($0.prefix(40)) } ?? ""
        do {
            let report = try await keeper.preview(
                keeping: try Self.bytes(keeping: page.keep),
                workingSince: await queue.workingSince())
            page.preview = report.map(StorePage.Preview.init)
        } catch let error as ErrorDocument {
            page.problem = error.message
            status = 422
        }
        page.totals = try totals(figures.statistics)
        page.stages = figures.statistics.stages.sorted { $0.diskBytes > $1.diskBytes }.map {
            StorePage.Stage(
                name: $0.name, steps: $0.actionCount, diskBytes: $0.diskBytes,
                rawBytes: $0.rawBytes)
        }
        page.care = StorePage.Care(figures.care)
        try await shares(of: figures, for: call.caller, &page)
        let past = try await queue.pastCollections(countMax: Self.collectionsMax)
        let names = await people.names(of: past.compactMap(\.contents.by))
        page.collections = past.map { collection in
            StorePage.Collection(
                at: collection.at, by: collection.contents.by.map { names[$0] ?? "\($0)" },
                bytes: collection.contents.bytes, steps: collection.contents.steps,
                seconds: collection.contents.seconds)
        }
        return (page, status)
    }

    private func totals(_ statistics: StoreIndex.Statistics) throws -> StorePage.Totals {
        var totals = StorePage.Totals()
        totals.objects = statistics.objectCount
        totals.steps = statistics.actionCount
        totals.pins = statistics.pinCount
        totals.diskBytes = statistics.diskBytes
        totals.rawBytes = statistics.rawBytes
        let limits = live.current.cacheLimits
        let space = try DiskSpace(at: live.current.folders.store)
        let bounds = limits.bounds(
            used: statistics.diskBytes, free: space.freeBytes, total: space.totalBytes)
        totals.limit = limits.size
        if bounds.high < .max { (totals.high, totals.low) = (bounds.high, bounds.low) }
        totals.diskFree = space.freeBytes
        totals.diskTotal = space.totalBytes
        return totals
    }

    /// Of jobs that the caller may see.
    private func shares(
        of figures: StoreFigures, for caller: Caller, _ page: inout StorePage
    ) async throws {
        let seen = figures.jobs.filter { visibility.shows(jobOf: $0.row.owner, to: caller) }
        let names = await people.names(of: seen.map(\.row.owner))
        page.jobs = seen.map { job in
            StorePage.Job(
                id: job.row.id, name: job.row.name, owner: names[job.row.owner] ?? "",
                storeBytes: job.share?.diskBytes ?? 0, ownBytes: job.share?.ownBytes ?? 0,
                resultBytes: job.resultBytes)
        }
        var owners: [StorePage.Owner] = []
        for (owner, jobs) in Dictionary(grouping: seen, by: \.row.owner) {
            let share = figures.owners[owner]
            owners.append(
                StorePage.Owner(
                    name: names[owner] ?? "", jobs: jobs.count,
                    storeBytes: share?.diskBytes ?? 0, ownBytes: share?.ownBytes ?? 0,
                    resultBytes: jobs.reduce(0) { $0.addingClamped($1.resultBytes) }))
        }
        page.owners = owners.sorted { ($1.storeBytes, $0.name) < ($0.storeBytes, $1.name) }
    }
}

extension HTTPResponse {
    fileprivate init(_ answer: (page: StorePage, status: Int), _ call: Route.Call) {
        self = PageAnswer.html(
            answer.page.render(PageAnswer.frame(call.visitor)), status: answer.status)
    }
}

extension StorePage.Preview {
    fileprivate init(_ report: CollectorReport) {
        self.init(
            freedBytes: report.freedBytes, keptBytes: report.keptBytes,
            steps: report.actions.count, objects: report.objects.count,
            seconds: report.lostSeconds, protectedBytes: report.protectedBytes,
            isOverLimit: report.isOverLimit)
    }
}

extension StorePage.Care {
    fileprivate init(_ state: StoreCareState) {
        self.init()
        if let verified = state.verified {
            verifiedAt = state.verifiedAt
            verifiedObjects = verified.objects
            verifiedBytes = verified.rawBytes
            faults = verified.faults
            isWhole = verified.isWhole
            isRepaired = verified.isRepaired
        }
        interruptedAfter = state.interrupted?.objects
        quarantined = state.quarantined
    }
}
