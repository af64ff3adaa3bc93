// `layerfold run`: a manifest without a daemon, on a state folder of the caller's choice.

import DurableIO
import Foundation
package import Jobs
import Locations
import Publication
import Store
package import SystemPackage

package struct ForegroundRun {
    package let description: JobDescription
    /// The bytes of a manifest that nobody has yet: they go into the results.
    package let manifest: [UInt8]?
    /// Relative paths of the manifest are looked up here.
    package let manifestFolder: FilePath
    package let state: FilePath
    package let output: FilePath

    /// Beside the report.
    package static let manifestName = "manifest.yaml"

    package init(
        description: JobDescription, manifest: [UInt8]?, manifestFolder: FilePath, state: FilePath,
        output: FilePath
    ) {
        self.description = description
        self.manifest = manifest
        self.manifestFolder = manifestFolder
        self.state = state
        self.output = output
    }

    /// Runs the job and publishes `<output>/<name>-<number>`, whole or not at all.
    ///
    /// - Returns: the published folder.
    package func run(
        emit: @escaping (ProgressLine) -> Void, stop: @escaping () throws -> Void
    ) throws -> FilePath {
        try Syscalls.makeFolders(output)
        sweep()
        let unfinished = try UnfinishedFolder(
            in: output, prefix: partialPrefix, suffix: Self.partialSuffix)
        defer { withExtendedLifetime(unfinished) {} }
        let partial = unfinished.path
        do {
            let runner = JobRunner(
                description,
                setting: JobSetting(
                    store: try ContentStore(state: state),
                    models: ModelLocator(from: manifestFolder),
                    data: .anywhere(from: manifestFolder), results: partial, state: state),
                progress: ProgressReporter(listener: emit, stop: stop))
            let report = try runner.run()
            try RunLog(folder: partial).write(report)
            if let manifest {
                try RawFile.write(manifest, to: partial.appending(Self.manifestName))
            }
            return try publish(partial, report.writtenFiles)
        } catch {
            try? FileManager.default.removeItem(atPath: partial.string)
            throw error
        }
    }

    /// What `run` would take.
    package func forecast(
        emit: @escaping (ProgressLine) -> Void, stop: @escaping () throws -> Void
    ) throws -> JobForecast {
        try JobRunner(
            description,
            setting: JobSetting(
                store: try ContentStore(state: state), models: ModelLocator(from: manifestFolder),
                data: .anywhere(from: manifestFolder), results: output, state: state),
            progress: ProgressReporter(listener: emit, stop: stop)
        ).forecast()
    }

    private var partialPrefix: String { ".\(description.name)-" }
    private static let partialSuffix = ".partial"

    /// Removes what runs of this job left here whose process was killed.
    private func sweep() {
        UnfinishedFolder.forEachAbandoned(
            in: output, prefix: partialPrefix, suffix: Self.partialSuffix
        ) { try? FileManager.default.removeItem(atPath: $0.string) }
    }

    /// Under the first free name.
    private func publish(
        _ partial: FilePath, _ known: [ResultFile]
    ) throws -> FilePath {
        for number in 1..<Int.max {
            let target = output.appending("\(description.name)-\(number)")
            let publication = Publication(target)
            if try Syscalls.stat(target) != nil { continue }
            do {
                _ = try publication.place(partial, known: known)
            } catch let error as SystemCallError where error.errno == .fileExists {
                continue
            }
            return target
        }
        preconditionFailure("more results than integers")
    }
}
