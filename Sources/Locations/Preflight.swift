// What a job names, looked for before it waits in a queue: the model, every file of data, and room
// for the results. Nothing is read but names and sizes.

import Catalogue
import DurableIO
package import Failures
package import Jobs
package import SystemPackage

/// A job cannot end well, whoever runs it.
package enum PreflightError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case noConfig(folder: String)
    case diskFull(folder: String, neededBytes: Int, freeBytes: Int)

    package var failureClass: FailureClass {
        switch self {
        case .noConfig: .user
        case .diskFull: .resource
        }
    }

    package var description: String {
        switch self {
        case .noConfig(let folder):
            "\(folder): holds no config.json, so it is no checkpoint; name the folder that "
                + "transformers would load"
        case .diskFull(let folder, let needed, let free):
            "\(folder): the job's models will take about \(needed >> 20) MiB, and \(free >> 20) MiB "
                + "are free; make room, or ask for fewer models"
        }
    }
}

package struct Preflight: Sendable {
    private let models: ModelLocator
    private let data: PathScope
    private let results: FilePath

    /// - Parameter results: an existing folder on the file system that receives the results.
    package init(models: ModelLocator, data: PathScope, results: FilePath) {
        self.models = models
        self.data = data
        self.results = results
    }

    /// - Throws: `PathError`, `ModelNotFound`, `HubError`, `PreflightError`: what is wrong first.
    package func check(_ job: JobDescription) throws {
        let model = try models.locate(job.model)
        guard let entries = try? DirectoryScan.entries(of: model.folder),
            entries.contains(where: { $0.name == "config.json" })
        else { throw PreflightError.noConfig(folder: model.folder.string) }
        for path in job.dataPaths where !Offer.isBuiltIn(path) {
            _ = try data.locate(path, kind: "data")
        }
        let needed = job.resultBytes(
            ofWeights: entries.filter { $0.name.extension == "safetensors" }.reduce(0) {
                $0 + Self.byteCount(model.folder.appending($1.name))
            })
        let free = try DiskSpace(at: results).freeBytes
        if needed > free {
            throw PreflightError.diskFull(
                folder: results.string, neededBytes: needed, freeBytes: free)
        }
    }

    /// Of the file that a link leads to; 0 where there is none.
    private static func byteCount(_ path: FilePath) -> Int {
        guard let real = RealPath.of(path) else { return 0 }
        return (try? Syscalls.stat(real))??.byteCount ?? 0
    }
}

extension JobDescription {
    /// Every path of calibration, comparison and evaluation, as written.
    fileprivate var dataPaths: [String] {
        let sets = [calibration].compactMap { $0 } + (compare?.sets ?? [])
        let tasks = evaluate.flatMap { evaluation in
            (Offer.task(evaluation.task)?.parameters ?? []).filter { $0.kind == .path }
                .compactMap { evaluation.parameters.values[$0.name]?.text }
        }
        return sets.map(\.path) + tasks
    }

    /// What the models will take, from what the original does.
    fileprivate func resultBytes(ofWeights bytes: Int) -> Int {
        let shares = candidates.reduce(0.0) { sum, candidate in
            let removes = Offer.method(candidate.method)?.removesLayers ?? true
            return sum + (removes ? 1 - (candidate.ratio ?? 0) : 1)
        }
        return Int(shares * Double(bytes))
    }
}
