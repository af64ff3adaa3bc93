// What a job at the cluster has on disk, below `jobs/<id>/units`: enough to go on without the
// index, on another machine.

import Cluster
import DurableIO
import Foundation
import Jobs
import SystemPackage

struct UnitFolders: Sendable {
    /// `plan.json`: how the job was cut. It is there exactly as long as units of it may be in the
    /// queue.
    struct Plan: Sendable, Equatable, Codable {
        static let currentVersion = 1
        static let fileName = "plan.json"
        static let bytesMax = 67_108_864

        var version = currentVersion
        /// The attempt that cut it; tokens are named by it.
        var attempt: String
        var units: [ClusterUnit]
    }

    let job: JobFolder
    var path: FilePath { job.path.appending("units") }

    init(_ job: JobFolder) { self.job = job }

    /// Of the job of a request.
    init(_ request: WorkerRequest) {
        self.init(JobFolder(FilePath(request.jobDirectory)))
    }

    func folder(_ unit: String) -> FilePath { path.appending(unit) }
    /// Files of tries are named by their tokens, too: a worker of an earlier attempt may live on.
    func request(_ token: UnitToken) -> FilePath {
        folder(token.unit).appending("request-\(token).json")
    }
    func outcome(_ token: UnitToken) -> FilePath {
        folder(token.unit).appending("\(Self.outcomePrefix)\(token)\(Self.outcomeSuffix)")
    }
    private static let outcomePrefix = "outcome-"
    private static let outcomeSuffix = ".json"

    /// - Parameter partial: where the daemon looks for the job's results.
    func tried(_ token: String, unit: String, partial: FilePath) -> TryFolders {
        TryFolders(token, unit: folder(unit), partial: partial)
    }

    /// Tokens of tries that have a folder.
    func tries(_ unit: String) -> [String] {
        let entries = (try? DirectoryScan.entries(of: folder(unit))) ?? []
        return entries.filter { $0.kind == .folder }.map(\.name.string)
            .filter { $0.hasPrefix(UnitToken.prefix) }.sorted()
    }

    // MARK: The plan

    /// nil where there is none, or it is none: then the job is cut anew.
    /// - Throws: where it is there and cannot be read now: units may be in the queue.
    func plan() throws -> Plan? {
        let plan: Plan? = try decoded(path.appending(Plan.fileName), bytesMax: Plan.bytesMax)
        return plan.flatMap { $0.version == Plan.currentVersion && !$0.units.isEmpty ? $0 : nil }
    }

    /// Makes the folders of a new plan, durably; the plan last.
    func begin(_ plan: Plan) throws {
        if try Syscalls.stat(path) != nil {
            // Out of the way first: a worker of an earlier attempt may still write there, which
            // keeps a folder from being removed.
            let aside = job.path.appending(Self.asidePrefix + plan.attempt)
            try Syscalls.renameExclusively(path, to: aside)
            try? FolderTree.remove(aside)
        }
        try Syscalls.makeFolders(path, mode: 0o700)
        for unit in plan.units { try Syscalls.makeFolders(folder(unit.name), mode: 0o700) }
        try DurableFile.write(
            Array(JobJSON.encode(plan)), to: path.appending(Plan.fileName))
    }

    private var cancelMark: FilePath { path.appending("cancelled") }

    /// Whether somebody cancelled what the plan made. What cannot be asked counts as not.
    var isCancelled: Bool { ((try? Syscalls.stat(cancelMark)) ?? nil) != nil }

    /// Goes with the folder when the job is cut anew.
    func markCancelled() throws { try DurableFile.write([], to: cancelMark) }

    /// Whether units of the plan may be in the queue, and are wanted.
    var goesOn: Bool { !isCancelled && mayBeOut }

    /// Whether units may be in the queue: there is a plan, or nobody can tell.
    var mayBeOut: Bool { do { return try plan() != nil } catch { return true } }

    /// Nothing of the job is in the queue any more.
    func end() throws {
        let file = path.appending(Plan.fileName)
        guard try Syscalls.stat(file) != nil else { return }
        try Syscalls.unlink(file)
        try Syscalls.syncFolder(path)
    }

    private static let asidePrefix = ".units-before-"

    /// Removes what earlier attempts left, as far as that goes: a worker of theirs that lives on
    /// keeps a folder that it writes into.
    func removeAside() {
        for entry in (try? DirectoryScan.entries(of: job.path)) ?? []
        where entry.name.string.hasPrefix(Self.asidePrefix) {
            try? FolderTree.remove(job.path.appending(entry.name))
        }
    }

    // MARK: Units

    /// - Throws: where it is there and cannot be read now.
    func record(_ unit: String) throws -> UnitRecord? {
        let record: UnitRecord? = try decoded(
            folder(unit).appending(UnitRecord.fileName), bytesMax: UnitRecord.bytesMax)
        return record.flatMap { $0.version == UnitRecord.currentVersion ? $0 : nil }
    }

    func write(_ record: UnitRecord, of unit: String) throws {
        try DurableFile.write(
            Array(JobJSON.encode(record)), to: folder(unit).appending(UnitRecord.fileName))
    }

    func write(_ request: WorkerRequest, of token: UnitToken) throws {
        try DurableFile.write(Array(JobJSON.encode(request)), to: self.request(token))
    }

    /// The attempt files of a unit that can be read, in the order of tries. The folder is opened
    /// and listed: a file system on the network shows names late to who only asks for one.
    /// - Parameters:
    ///   - attempt: of the plan.
    ///   - known: tries whose files were read before.
    func outcomes(
        _ unit: String, _ attempt: String, besides known: Set<UnitToken>
    ) -> [(token: UnitToken, outcome: UnitOutcome)] {
        let entries = (try? DirectoryScan.entries(of: folder(unit))) ?? []
        let prefix = "\(Self.outcomePrefix)\(UnitToken.prefix)\(attempt)-\(unit)-"
        return entries.compactMap { entry -> (token: UnitToken, outcome: UnitOutcome)? in
            let name = entry.name.string
            guard entry.kind == .regular, name.hasPrefix(prefix),
                name.hasSuffix(Self.outcomeSuffix),
                let number = Int(
                    name.dropFirst(prefix.count).dropLast(Self.outcomeSuffix.count))
            else { return nil }
            let token = UnitToken(attempt: attempt, unit: unit, number: number)
            guard !known.contains(token),
                let outcome: UnitOutcome =
                    (try? decoded(
                        folder(unit).appending(entry.name), bytesMax: UnitOutcome.bytesMax)) ?? nil,
                outcome.isSound, outcome.token == "\(token)"
            else { return nil }
            return (token, outcome)
        }.sorted { $0.token.number < $1.token.number }
    }

    /// The end of what a worker said.
    func logTail(_ tried: TryFolders, bytesMax: Int = 2_000) -> String {
        let chunk = try? FileChunk.read(
            tried.log, from: .end(minus: bytesMax), bytesMax: bytesMax)
        return chunk.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
    }

    /// nil where it is not there, or holds something else.
    private func decoded<Value: Decodable>(_ file: FilePath, bytesMax: Int) throws -> Value? {
        guard try Syscalls.stat(file) != nil else { return nil }
        let bytes = try SmallFile.read(file, bytesMax: bytesMax)
        return try? JSONDecoder().decode(Value.self, from: Data(bytes))
    }
}
