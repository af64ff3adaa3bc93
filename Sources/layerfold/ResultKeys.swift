// Which steps of the store the results of a state folder rest on, as their reports say.

import DurableIO
import Foundation
import Store
import SystemPackage

/// The stages of finished jobs, by the keys in report.json.
struct ResultKeys {
    private var entries: [(job: JobHandle, keys: [Digest])] = []

    /// Oldest first, as JobReference wants them.
    var handles: [JobHandle] { entries.map(\.job) }

    func keys(of job: JobHandle) -> [Digest] {
        entries.first { $0.job == job }?.keys ?? []
    }

    /// The jobs that name one of these steps.
    func jobs(naming keys: Set<Digest>) -> [JobHandle] {
        keys.isEmpty ? [] : entries.filter { !keys.isDisjoint(with: $0.keys) }.map(\.job)
    }

    /// Reads `results/NAME-ID/report.json`, also where results lie in a folder for each user; what
    /// cannot be read is left out.
    static func all(below state: String) -> ResultKeys {
        var results = ResultKeys()
        let root = state + "/results"
        for name in names(in: root) {
            if results.add(root + "/" + name, name) { continue }
            for inner in names(in: root + "/" + name) {
                _ = results.add(root + "/" + name + "/" + inner, inner)
            }
        }
        results.entries.sort { $0.job.id < $1.job.id }
        return results
    }

    private static let reportBytesMax = 64 << 20

    private static func names(in folder: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    private struct Report: Decodable {
        struct Stage: Decodable { let key: String }
        let stages: [Stage]
    }

    /// - Returns: False if the folder is not named as a job's results are.
    private mutating func add(_ folder: String, _ name: String) -> Bool {
        guard let dash = name.lastIndex(of: "-"),
            let id = JobReference.whole(String(name[name.index(after: dash)...]))
        else { return false }
        // Results are their owners' to change: a pipe is not waited for, a link not followed.
        if let bytes = try? SmallFile.read(
            FilePath(folder + "/report.json"), bytesMax: Self.reportBytesMax),
            let report = try? JSONDecoder().decode(Report.self, from: Data(bytes))
        {
            // A job may go through one stage twice.
            let keys = Set(report.stages.compactMap { Digest(hex: $0.key) })
            entries.append((JobHandle(id: id, name: String(name[..<dash])), keys.sorted()))
        }
        return true
    }
}
