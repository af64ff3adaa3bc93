// Stage `export`: writes a model once more, as a file for other programs. As with `merge`, its key
// names what was written; the file itself is the user's and made anew each time.

import Compression
import DurableIO
import Export
import JSON
import Jobs
import Model
import Report
import Store
import SystemPackage

struct ExportStage: Stage {
    let name = "export"
    let isCacheable = false
    let isForeseen = true
    private let entry: JobDescription.Export
    private let label: String
    private let modelName: String
    private let folder: FilePath
    private let identity: Digest
    private let exported: GGUFExport
    private let result = Result()

    /// What `compute` leaves beside the store.
    private final class Result {
        var sha256 = ""
        var seconds = 0.0
    }

    /// - Parameters:
    ///   - identity: what names the model in keys.
    ///   - label: what the model is called in results.
    ///   - name: what the file calls it.
    ///   - folder: of the job's results.
    /// - Throws: `ExportRefusal` for a model that the format's programs would not load, or would
    ///   compute wrongly.
    init(
        _ entry: JobDescription.Export, of model: Model, identity: Digest, label: String,
        name: String, to folder: FilePath
    ) throws {
        self.entry = entry
        modelName = name
        self.label = label
        self.folder = folder
        self.identity = identity
        exported = try GGUFExport(model, type: entry.exportType, name: name)
    }

    var inputs: StageInputs { [(role: "model", digest: identity)] }
    /// The tokenizer is the model folder's own, and the result is never looked up.
    var params: KeyJSON {
        [
            "format": .string(entry.format), "type": .string(entry.type),
            "name": .string(modelName),
        ]
    }
    var detail: String { fileName }
    var kind: String { "\(name) \(entry.type)" }
    var plannedPeak: Int? { exported.plannedPeak }
    var work: Work {
        Work(read: Double(exported.readByteCount), written: Double(exported.byteCount))
    }

    private var fileName: String { entry.fileName(of: label) }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let start = ContinuousClock.now
        let reader = DigestReader()
        _ = try exported.write(
            to: folder, as: fileName, reader: reader, observer: cache.progress)
        result.sha256 = reader.digest.hex
        result.seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    func decode(_ stored: StageResult) throws -> RunReport.Export { report }

    func assumed(_ unknown: StageResult) throws -> RunReport.Export { report }

    private var report: RunReport.Export {
        RunReport.Export(
            format: entry.format, type: entry.type, path: fileName, bytes: exported.byteCount,
            sha256: result.sha256, seconds: result.seconds, caveats: exported.caveats)
    }
}

extension JobDescription.Export {
    /// The type that the manifest parser let through.
    var exportType: ExportType {
        guard let type = ExportType(rawValue: type) else {
            preconditionFailure("Catalogue declares \(self.type)")
        }
        return type
    }
}

extension [JobDescription.Export] {
    /// One file for each entry.
    func write(
        _ model: Model, identity: Digest, label: String, name: String, to folder: FilePath,
        _ cache: StageCache
    ) throws -> [RunReport.Export] {
        try map { entry in
            let written = try cache.run(
                try ExportStage(
                    entry, of: model, identity: identity, label: label, name: name, to: folder))
            for caveat in written.caveats { cache.progress.warn("\(written.path): \(caveat)") }
            return written
        }
    }
}
