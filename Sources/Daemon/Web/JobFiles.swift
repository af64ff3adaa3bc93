// What files say of a job, for its page. On a thread of its own: results may be large, or lie on a
// disk that is slow, and neither the queue nor other requests shall wait.

import DurableIO
import Failures
import Jobs
import Pages
import Report
import SystemPackage

/// What its page shows besides what the queue knows.
struct JobFilesRead: Sendable {
    let manifest: JobManifest
    let log: JobLog?
    let plan: [PlannedStage]?
    let history: [ProgressLine]
    let results: JobResults
    let hasReport: Bool
    let files: [ResultFile]
}

actor JobFiles {
    private static let logBytesMax = 65_536
    private static let stagesMax = 1_000

    private let folders: StateFolders
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.pages")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(folders: StateFolders) {
        self.folders = folders
    }

    /// - Parameter history: nil for what the job's file has.
    func read(_ detail: JobDetail, history: [ProgressLine]?) -> JobFilesRead {
        let folder = JobFolder(folders.job(detail.summary.id))
        let plan = folder.plan()?.stages.prefix(Self.stagesMax).map {
            PlannedStage(
                name: $0.name, detail: $0.detail ?? "", isCached: $0.isCached,
                seconds: $0.seconds, peakBytes: $0.peakBytes)
        }
        let results = detail.resultsDirectory.map { Self.results(FilePath($0)) }
        return JobFilesRead(
            manifest: shownManifest(of: detail.summary.id),
            log: Self.log(folder.log), plan: plan,
            history: history ?? ProgressHistory.lines(in: folder.progress),
            results: results?.models ?? .none, hasReport: results?.hasReport ?? false,
            files: results?.files ?? [])
    }

    /// The manifest of a job as it was sent.
    /// - Throws: `SystemCallError`, `SmallFile.TooLarge`.
    func manifest(of job: String) throws -> String {
        let file = folders.job(job).appending(JobRecord.manifestFileName)
        let bytes = try SmallFile.read(file, bytesMax: ManifestLimits.bytesMax)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func shownManifest(of job: String) -> JobManifest {
        do {
            return .text(try manifest(of: job))
        } catch let error as SystemCallError where error.errno == .noSuchFileOrDirectory {
            return .absent("It is gone with the job's folder.")
        } catch {
            return .absent("\(FaultText.describe(error)).")
        }
    }

    /// What a worker's log was when it began anew.
    private static func earlier(_ log: FilePath) -> FilePath { FilePath(log.string + ".1") }

    private static func log(_ path: FilePath) -> JobLog? {
        guard (try? Syscalls.stat(path)) ?? nil != nil,
            let chunk = try? FileChunk.read(
                path, from: .end(minus: logBytesMax), bytesMax: logBytesMax)
        else { return nil }
        let isCut = chunk.nextOffset > chunk.bytes.count
        let hasEarlier = (try? Syscalls.stat(earlier(path))) ?? nil != nil
        return JobLog(
            text: String(decoding: chunk.bytes, as: UTF8.self), nextOffset: chunk.nextOffset,
            isWhole: !isCut && !hasEarlier, isCut: isCut)
    }

    // MARK: Results

    private static let report: FilePath.Component = "report.html"

    private static func results(
        _ path: FilePath
    ) -> (models: JobResults, hasReport: Bool, files: [ResultFile]) {
        do {
            let folder = try HeldFolder(path)
            let hasReport = try folder.byteCount(of: report) != nil
            let files = try ResultFile.allCases.filter { file in
                try FilePath.Component(file.rawValue).map(folder.byteCount) ?? nil != nil
            }
            return (models(folder, path), hasReport, files)
        } catch {
            return (.unreadable("\(FaultText.describe(error))."), false, [])
        }
    }

    private static func models(_ folder: HeldFolder, _ path: FilePath) -> JobResults {
        do {
            guard try folder.byteCount(of: "report.json") != nil else {
                return .unreadable("report.json is not there; somebody has taken it away.")
            }
            let bytes = try folder.readWhole("report.json", bytesMax: HeldFolder.reportBytesMax)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                return .unreadable("report.json is no text; somebody has changed it.")
            }
            return .models(JobModels(try RunReport(jsonText: text), folder: path.string))
        } catch let error as HeldFolder.TooLarge {
            return .unreadable("\(error), and pages read no more; `layerfold report` shows it.")
        } catch {
            return .unreadable("\(FaultText.describe(error)).")
        }
    }

    /// A file of results that are held, to send it.
    struct Held: Sendable {
        fileprivate let folder: HeldFolder
        fileprivate let name: FilePath.Component
        let byteCount: Int
    }

    /// Holds the results, to send a file out of them.
    /// - Parameter file: nil for the report as a page.
    /// - Throws: `ErrorDocument` where there is none.
    func hold(_ file: ResultFile?, in path: FilePath) throws -> Held {
        let folder = try HeldFolder(path)
        let name = file.map { FilePath.Component($0.rawValue) } ?? Self.report
        guard let name, let count = try folder.byteCount(of: name) else {
            throw ErrorDocument(
                code: .notFound,
                message: "the results in `\(path)` hold no \(file?.rawValue ?? Self.report.string)")
        }
        return Held(folder: folder, name: name, byteCount: count)
    }

    func piece(_ file: Held, from offset: Int, bytesMax: Int) throws -> [UInt8] {
        try file.folder.read(file.name, from: offset, bytesMax: bytesMax).bytes
    }

    // MARK: Logs and bytes

    /// A part of the log; nothing where there is none yet.
    /// - Parameter isEarlier: of what went before the log that is written.
    func log(
        of job: String, isEarlier: Bool = false, from start: FileChunk.Start, bytesMax: Int
    ) throws -> FileChunk {
        let log = JobFolder(folders.job(job)).log
        let path = isEarlier ? Self.earlier(log) : log
        guard try Syscalls.stat(path) != nil else { return FileChunk(bytes: [], nextOffset: 0) }
        return try FileChunk.read(path, from: start, bytesMax: bytesMax)
    }

    /// What a removal would free.
    func byteCounts(of detail: JobDetail) -> (results: Int, job: Int) {
        let (job, owner) = (detail.summary, detail.summary.owner)
        let names = JobRecord.resultsNames(ofJob: job.id, name: job.name, owner: owner ?? -1)
        let results = names.reduce(0) { sum, name in
            sum.addingClamped(FolderTree.byteCount(of: folders.results.appending(name)))
        }
        return (results, FolderTree.byteCount(of: folders.job(job.id)))
    }
}
