// Room on the disks that a job writes to: the state's, and that of the results.

import DurableIO
import Locations
import SystemPackage

/// What is free where a job writes.
struct JobRoom {
    /// A folder, and the file system that it lies on or will lie on.
    struct Place {
        let folder: FilePath
        let device: UInt64
        let freeBytes: Int
    }

    /// nil where nobody tells.
    let state: Place?
    let results: Place?

    /// What does not fit, in words.
    ///
    /// - Parameters:
    ///   - stateBytes: of what the store keeps, and of files that are there for a while.
    ///   - resultBytes: of models and other files of the results.
    func obstacles(stateBytes: Int, resultBytes: Int) -> [String] {
        if let state, let results, state.device == results.device {
            let needed = stateBytes + resultBytes
            let free = min(state.freeBytes, results.freeBytes)
            guard needed > free else { return [] }
            return [
                "the job would write up to \(needed >> 20) MiB, and \(free >> 20) MiB are free"
            ]
        }
        return [(state, stateBytes), (results, resultBytes)].compactMap { place, needed in
            guard let place, needed > place.freeBytes else { return nil }
            return "the job would write up to \(needed >> 20) MiB to \(place.folder), and "
                + "\(place.freeBytes >> 20) MiB are free there"
        }
    }
}

extension JobRoom.Place {
    /// nil where nobody tells.
    init?(_ folder: FilePath) {
        // A link lies elsewhere than what it leads to.
        guard let real = folder.nearest(RealPath.of),
            let device = (try? Syscalls.stat(real))??.device,
            let space = try? DiskSpace(at: real)
        else { return nil }
        self.init(folder: folder, device: device, freeBytes: space.freeBytes)
    }
}
