// A folder that stands for `results`, with half-made results in it.

import DurableIO
import Foundation
import Publication
import SystemPackage
import TestSupport

struct ResultFolder {
    let folder: TemporaryFolder
    let partial: FilePath
    let final: FilePath

    init() throws {
        folder = try TemporaryFolder("publication")
        let path = FilePath(folder.path)
        partial = path.appending(".job.partial")
        final = path.appending("job")
        try refill()
    }

    /// The files of a job, as a worker leaves them.
    func refill() throws {
        try Syscalls.makeFolders(partial.appending("mka-r0.25"))
        for (name, text) in Self.files { try write(text, partial.appending(name)) }
    }

    static let files = [
        "report.json": "{}", "run.log": "started\n", "mka-r0.25/config.json": "{\"a\": 1}",
        "mka-r0.25/model.safetensors": String(repeating: "weights ", count: 500),
    ]

    func write(_ text: String, _ path: FilePath) throws {
        try Data(text.utf8).write(to: URL(filePath: path.string))
    }

    func exists(_ path: FilePath) throws -> Bool { try Syscalls.stat(path) != nil }

    func published() throws -> FilePath {
        _ = try Publication(final).place(partial)
        return final
    }
}
