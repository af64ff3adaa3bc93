// The page that lays jobs side by side: whose they are is asked first, then their reports are read.

import Failures
import HTTP
import Jobs
import Pages
import Report
import SystemPackage

struct ComparePageRoutes: Sendable {
    private let live: LiveConfiguration
    private let queue: JobQueue
    private let reader = ReportReader()
    private let people: People
    private var visibility: Visibility { Visibility(isPrivate: live.current.isPrivate) }

    /// Jobs that are offered.
    private static let choicesMax = 100

    init(settings: LiveConfiguration, queue: JobQueue, people: People) {
        live = settings
        self.queue = queue
        self.people = people
    }

    var all: [Route] {
        [
            Route("GET /compare") { call in
                PageAnswer.html(try await page(call).render(PageAnswer.frame(call.visitor)))
            }
        ]
    }

    private func page(_ call: Route.Call) async throws -> ComparePage {
        var ids: [String] = []
        for item in call.request.query where item.name == "job" && !item.value.isEmpty {
            if !ids.contains(item.value) { ids.append(item.value) }
        }
        // What was chosen first counts.
        let omitted = max(0, ids.count - ComparePage.jobsMax)
        ids.removeLast(omitted)
        var jobs: [ComparePage.Job] = []
        var sources: [ComparedModels.Source] = []
        for id in ids {
            let (job, report) = await compared(id, for: call.caller)
            jobs.append(job)
            if let report { sources.append(.init(id: id, report: report)) }
        }
        let found = sources
        // On the thread of reports: of twelve large ones it takes a while.
        let differences = try await reader.work {
            DescriptionDifferences(found.map { $0.report })
        }
        let alike = try await reader.work { try self.groups(found) }
        return ComparePage(
            jobs: jobs, omitted: omitted, compared: sources.map(\.id), differences: differences,
            groups: alike, choices: try await choices(for: call.caller),
            sort: CompareSort(call.request.query("sort")))
    }

    /// A job with its report, or with what is in the way. One that is not there and one that is not
    /// shown are told in the same words.
    private func compared(
        _ id: String, for caller: Caller
    ) async -> (job: ComparePage.Job, report: RunReport?) {
        func job(_ name: String, _ owner: String, _ problem: String?) -> ComparePage.Job {
            ComparePage.Job(id: id, name: name, owner: owner, problem: problem)
        }
        do {
            guard JobIdentifier.isValid(id),
                visibility.shows(jobOf: try await queue.owner(of: id), to: caller)
            else { throw JobQueue.noJob(id) }
            let detail = try await queue.detail(id)
            let summary = detail.summary
            let owner =
                await people.names(of: [summary.owner].compactMap(\.self)).values.first ?? ""
            guard let folder = detail.resultsDirectory else {
                return (job(summary.name, owner, Self.noResults(summary.state)), nil)
            }
            do {
                let report = try await reader.read(FilePath(folder))
                return (job(summary.name, owner, nil), report)
            } catch {
                return (
                    job(
                        summary.name, owner,
                        "its report cannot be read: \(FaultText.describe(error))"), nil
                )
            }
        } catch {
            return (job(id, "nobody", FaultText.describe(error)), nil)
        }
    }

    private static func noResults(_ state: JobState) -> String {
        state == .done
            ? "its results were removed: there is nothing to compare"
            : "it is \(state.rawValue): there are no results to compare"
    }

    /// By original, in the order in which the jobs were named.
    private func groups(_ sources: [ComparedModels.Source]) throws -> [ComparePage.Group] {
        var order: [String] = []
        for source in sources where !order.contains(source.report.model.digest) {
            order.append(source.report.model.digest)
        }
        return try order.map { digest in
            ComparePage.Group(
                try ComparedModels(sources.filter { $0.report.model.digest == digest }))
        }
    }

    private func choices(for caller: Caller) async throws -> [ComparePage.Choice] {
        var query = JobQuery()
        query.limit = Self.choicesMax
        query.states = [.done]
        query.order = .submitted
        query.user = visibility.limit(for: caller)
        let jobs = try await queue.page(query).jobs
        let names = await people.names(of: jobs.compactMap(\.owner))
        return jobs.map { job in
            ComparePage.Choice(
                id: job.id, name: job.name, owner: job.owner.flatMap { names[$0] } ?? "",
                model: job.model ?? "")
        }
    }
}

/// Reads reports one at a time, on a thread of its own: a large one takes a second, and memory.
actor ReportReader {
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.reports")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Does something on this thread.
    func work<Value: Sendable>(_ body: @Sendable () throws -> Value) throws -> Value { try body() }

    /// Owners may write reports of their own: what a comparison costs has to have an end.
    private static func requireComparable(_ report: RunReport) throws(ErrorDocument) {
        let (modelsMax, figuresMax, metricsMax) = (200, 10_000, 40)
        let lists =
            report.results.map(\.evaluations) + (report.quantized ?? []).map(\.evaluations)
        let figures = lists.reduce(0) { $0 + $1.count }
        guard lists.count <= modelsMax, figures <= figuresMax,
            Set(lists.joined().lazy.map(ReportMetric.init)).count <= metricsMax
        else {
            throw ErrorDocument(
                code: .refused,
                message: "report.json is too large to be compared: at most \(modelsMax) models "
                    + "with \(metricsMax) figures each")
        }
    }

    /// The report without its matrices, which no comparison shows.
    func read(_ folder: FilePath) throws -> RunReport {
        let bytes = try HeldFolder(folder).readWhole(
            "report.json", bytesMax: HeldFolder.reportBytesMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ErrorDocument(code: .refused, message: "report.json is not UTF-8")
        }
        var report = try RunReport(jsonText: text)
        try Self.requireComparable(report)
        report.similarity = []
        report.correlations = nil
        for index in report.results.indices {
            report.results[index].similarityBefore = []
            report.results[index].similarityAfter = []
            report.results[index].answers = nil
        }
        return report
    }
}
