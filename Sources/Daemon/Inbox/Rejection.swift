// A file that cannot become a job goes to `inbox/rejected`, with an error file beside it.

import DurableIO
package import Jobs
package import SystemPackage

package enum Rejection {
    /// Names tried before the last one is used again.
    private static let numbersMax = 1_000

    /// Of a name in the folder, so that number, ending and the marks of a temporary file fit.
    private static let stemBytesMax = 128

    /// Writes the error durably, then moves the file beside it.
    ///
    /// A name that is taken gets a number: `x-2.yaml`, `x-2.error.json`. One that is too long is
    /// cut, and what is no visible text in it is written as %XX.
    package static func reject(
        _ path: FilePath, name: FilePath.Component, error: ManifestError, into folder: FilePath
    ) throws {
        let name = name.printed
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        let stem = shortened(String(name[..<dot]))
        let suffix = name[dot...].utf8.count <= suffixBytesMax ? String(name[dot...]) : ""
        var number = 1
        while true {
            let tried = number == 1 ? stem : "\(stem)-\(number)"
            if try number == numbersMax || isFree(tried, in: folder) {
                let bytes = try Array(JobJSON.encodePretty(error)) + [UInt8(ascii: "\n")]
                let errorPath = folder.appending("\(tried).error.json")
                try DurableFile.write(bytes, to: errorPath, permissions: 0o644)
                try Syscalls.rename(path, to: folder.appending(tried + suffix))
                try Syscalls.syncFolder(folder)
                return
            }
            number += 1
        }
    }

    private static let suffixBytesMax = 16

    private static func shortened(_ stem: String) -> String {
        var stem = stem
        while stem.utf8.count > stemBytesMax { stem.removeLast() }
        return stem
    }

    private static func isFree(_ stem: String, in folder: FilePath) throws -> Bool {
        // The error file goes with every rejection, whatever the spelling of its ending.
        try Syscalls.stat(folder.appending("\(stem).error.json")) == nil
            && [".yaml", ".yml", ".json"].allSatisfy {
                try Syscalls.stat(folder.appending(stem + $0)) == nil
            }
    }
}

extension ManifestError {
    /// A refusal of the file itself, before anything in it was read.
    static func file(
        _ problem: String, expected: String? = nil, found: String? = nil, hint: String? = nil
    ) -> ManifestError {
        ManifestError(
            line: 1, column: 1, path: "", problem: problem, expected: expected, found: found,
            hint: hint)
    }
}
