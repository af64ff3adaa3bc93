// The digest of a file of any size, read through a mapping.

import DurableIO
import Store
import SystemPackage

enum MappedBytes {
    static func digest(_ path: FilePath) throws -> Digest {
        let file = try MappedFile(path)
        let digest = file.withBytes { bytes in Digest(of: unsafe bytes.bytes) }
        // Pages that are gone are read as zeros.
        try file.verifyUnchanged()
        return digest
    }
}
