// Keeps "is it there?" and "then name it" together: whoever adds names holds the lock shared,
// whoever removes objects holds it alone.

import DurableIO
import Glibc
import SystemPackage

extension ContentStore {
    /// Runs `body` while no object of this store can be removed.
    func whileNothingIsRemoved<Value>(_ body: () throws -> Value) throws -> Value {
        try locked(shared: true, body)
    }

    /// Runs `body` while nobody names an object on the strength of having seen it.
    ///
    /// Not to be called inside `whileNothingIsRemoved`: it would wait for itself.
    func whileRemoving<Value>(_ body: () throws -> Value) throws -> Value {
        try locked(shared: false, body)
    }

    private func locked<Value>(shared: Bool, _ body: () throws -> Value) throws -> Value {
        // The folder itself is the lock: nothing has to be made or opened for writing.
        let descriptor = try Syscalls.open(layout.objects, O_RDONLY | O_DIRECTORY)
        defer { try? Syscalls.close(descriptor, layout.objects) }
        _ = try Syscalls.lock(descriptor, layout.objects, shared: shared, waiting: true)
        return try body()
    }
}
