// A worker's last sign of life, in the file where it leaves it: the first line. What lies behind it
// is an earlier one's.

import DurableIO
import Foundation
import Jobs
import SystemPackage

struct LastBeat: Equatable {
    private let line: [UInt8]

    /// - Throws: where the worker leaves none, or it cannot be read.
    init(in file: FilePath) throws {
        let bytes = try SmallFile.read(file, bytesMax: WorkerRequest.heartbeatBytesMax)
        line = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
    }

    /// nil where half of one is there, or none yet.
    var heartbeat: Heartbeat? {
        guard case .heartbeat(let beat)? = try? ProgressLine(line: Data(line)) else { return nil }
        return beat
    }
}
