// What a job names, looked for before it waits in a queue: the model, every file of data, and room
// for the results. Nothing is read but names and sizes.

import Catalogue
import DurableIO
package import Failures
import Foundation
package import Jobs
package import SystemPackage

/// A job cannot end well, whoever runs it.
package enum PreflightError: ClassifiedFailure, Equatable, CustomStringConvertible {
    case noConfig(folder: String)
    case noFolder(path: String)
    case unreadable(folder: String, reason: String)
    case diskFull(folder: String, neededBytes: Int, freeBytes: Int)

    package var failureClass: FailureClass {
        switch self {
        case .noConfig, .noFolder, .unreadable: .user
        case .diskFull: .resource
        }
    }

    package var description: String {
        switch self {
        case .noConfig(let folder):
            "\(folder): holds no config.json, so it is no checkpoint; name the folder that "
                + "transformers would load"
        case .noFolder(let path):
            "\(path): is a file, and no GGUF file; name the folder of a checkpoint"
        case .unreadable(let folder, let reason):
            "\(folder): cannot be looked into (\(reason)); whoever runs the job has to be allowed to "
                + "read it (chmod o+rx, or a group)"
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

    /// - Parameter submitter: who must be allowed to read all of it. Default: only who asks.
    /// - Throws: `PathError`, `ModelNotFound`, `HubError`, `ReadingDenied`, `PreflightError`: what
    ///   is wrong first.
    package func check(_ job: JobDescription, for submitter: Submitter? = nil) throws {
        let model = try locate(job.model, for: submitter)
        if let submitter { try checkReading(job, for: submitter) }
        let weights = try Self.weights(of: model)
        for path in job.dataPaths where !Offer.isBuiltIn(path) {
            _ = try data.locate(path, kind: "data")
        }
        let needed = job.resultBytes(ofWeights: Self.byteCount(of: weights))
        let free = try DiskSpace(at: results).freeBytes
        if needed > free {
            throw PreflightError.diskFull(
                folder: results.string, neededBytes: needed, freeBytes: free)
        }
    }

    /// Whether the submitter may read all that the job names.
    /// - Throws: `PathError`, `ModelNotFound`, `HubError`, `ReadingDenied`.
    package func checkReading(_ job: JobDescription, for submitter: Submitter) throws {
        let right = ReadingRight(FileReader(submitter))
        try right.check(try locate(job.model, for: submitter))
        for path in job.dataPaths where !Offer.isBuiltIn(path) {
            let found: Located
            do { found = try data.locate(path, kind: "data") } catch {
                if case .notFound = error { try Self.check(right, path, in: data, "data") }
                throw error
            }
            try right.check(found)
        }
    }

    /// What is wrong with a model, or that there is none, is told by what folders hold: whoever
    /// may not look there is told that alone.
    private func locate(_ model: String, for submitter: Submitter?) throws -> LocatedModel {
        do { return try models.locate(model) } catch {
            guard let right = submitter.map({ ReadingRight(FileReader($0)) }) else { throw error }
            switch error {
            case let error as HubError: try right.check(cached: FilePath(error.folder))
            case PathError.notFound: try Self.check(right, model, in: models.scope, "model")
            case let error as ModelNotFound:
                try Self.check(right, model, in: models.scope, "model")
                for cache in models.caches {
                    guard let root = RealPath.of(cache) else { continue }
                    try right.check(
                        wayTo: cache.appending(error.name.folder), below: root, kind: "model")
                }
            default: break
            }
            throw error
        }
    }

    private static func check(
        _ right: ReadingRight, _ path: String, in scope: PathScope, _ kind: String
    ) throws {
        for (root, wanted) in scope.places(of: path) {
            try right.check(wayTo: wanted, below: root, kind: kind)
        }
    }

    private static func weights(of model: LocatedModel) throws -> [FilePath] {
        if model.folder.isGGUF, !Self.isFolder(model.folder) { return [model.folder] }
        let names = try names(in: model.folder)
        guard names.contains("config.json") else {
            throw PreflightError.noConfig(folder: model.folder.string)
        }
        return weights(of: model, names).map { model.folder.appending($0) }
    }

    private static func isFolder(_ path: FilePath) -> Bool {
        (try? DirectoryScan.entries(of: path)) != nil
    }

    private static func names(in folder: FilePath) throws -> Set<String> {
        do {
            return Set(try DirectoryScan.entries(of: folder).map(\.name.string))
        } catch {
            guard error.errno != .notDirectory else {
                throw PreflightError.noFolder(path: folder.string)
            }
            throw PreflightError.unreadable(folder: folder.string, reason: "\(error.errno)")
        }
    }

    /// The files that loaders read, in their order: others may lie beside them, of another layout.
    private static func weights(of model: LocatedModel, _ names: Set<String>) -> [String] {
        struct Index: Decodable {
            let weightMap: [String: String]

            private enum CodingKeys: String, CodingKey {
                case weightMap = "weight_map"
            }
        }
        if names.contains("model.safetensors") { return ["model.safetensors"] }
        let file = model.folder.appending("model.safetensors.index.json")
        // What is wrong with an index is told when the model is opened. Whoever looks here looks
        // for everybody: a pipe that nobody writes into must not keep the next one waiting.
        let bytes = try? SmallFile.read(
            regular: file, below: model.fence, bytesMax: indexBytesMax)
        let index = bytes.flatMap { try? JSONDecoder().decode(Index.self, from: Data($0)) }
        // No loader takes what lies elsewhere, so that nobody is told how large that is.
        return index.map { names.intersection($0.weightMap.values).sorted() } ?? []
    }

    private static let indexBytesMax = 64 << 20

    /// Of the files that links lead to, each once; 0 of what is not there. Sparse files say what
    /// they like.
    private static func byteCount(of paths: [FilePath]) -> Int {
        Set(paths.compactMap(RealPath.of)).reduce(0) { sum, real in
            sum.addingClamped((try? Syscalls.stat(real))??.byteCount ?? 0)
        }
    }
}

extension JobDescription {
    /// Every path of calibration, comparison and evaluation, as written.
    fileprivate var dataPaths: [String] {
        let sets = [calibration].compactMap { $0 } + (compare?.sets ?? [])
        return sets.flatMap(\.leaves).compactMap(\.path) + evaluate.flatMap(\.paths)
    }

    /// What the models will take at least, from what the original does. Entries that only the model
    /// can be held against (budgets in tensors, layers by number) count as nothing: the writer
    /// looks for room again.
    func resultBytes(ofWeights bytes: Int) -> Int {
        // Of float32 half is left; whether it was float32 is not looked at.
        let written =
            switch output.dtype {
            case .bfloat16, .float16: bytes / 2
            case .keep, .float32: bytes
            }
        let shares = candidates.reduce(0.0) { sum, candidate in
            guard let ratio = candidate.ratio else { return sum }
            let removes = Offer.method(candidate.method)?.removesLayers ?? true
            return sum + (removes ? 1 - ratio : 1)
        }
        let sizes = candidates.compactMap(\.budget).filter { $0.measure == .size }
        // Whole layers go: less than the limit by up to one, of which models have eight or more.
        let whole = Int(exactly: (shares * Double(written)).rounded(.down)) ?? .max
        return sizes.reduce(whole) { sum, size in
            sum.addingClamped(max(0, min(size.limit(of: written), written) - bytes / 8))
        }
    }
}
