// Kernel calls that Swift's Glibc module leaves out, because glibc declares them for _GNU_SOURCE
// only. They are ordinary functions of libc with fixed arguments, declared here by their symbol.

import Glibc

@_silgen_name("renameat2")
func linuxRenameat2(
    _ fromFolder: CInt, _ from: UnsafePointer<CChar>, _ toFolder: CInt,
    _ to: UnsafePointer<CChar>, _ flags: CUnsignedInt
) -> CInt

@_silgen_name("copy_file_range")
func linuxCopyFileRange(
    _ from: CInt, _ fromOffset: UnsafeMutablePointer<Int64>?, _ to: CInt,
    _ toOffset: UnsafeMutablePointer<Int64>?, _ count: Int, _ flags: CUnsignedInt
) -> Int

@_silgen_name("syncfs")
func linuxSyncfs(_ descriptor: CInt) -> CInt

@_silgen_name("sync_file_range")
func linuxSyncFileRange(
    _ descriptor: CInt, _ offset: Int64, _ count: Int64, _ flags: CUnsignedInt
) -> CInt

/// `SYNC_FILE_RANGE_WRITE` of `linux/fs.h`.
let linuxSyncFileRangeWrite: CUnsignedInt = 2
/// `F_SETLEASE` of `linux/fcntl.h`.
let linuxSetLease: CInt = 1024
/// `RENAME_NOREPLACE` of `linux/fs.h`.
let linuxRenameNoReplace: CUnsignedInt = 1
/// `UTIME_NOW` and `UTIME_OMIT` of `bits/stat.h`.
let linuxUtimeNow = (1 << 30) - 1
let linuxUtimeOmit = (1 << 30) - 2

/// statfs(2): what kind of file system a path lies on.
@_silgen_name("statfs")
func linuxStatFileSystem(
    _ path: UnsafePointer<CChar>, _ buffer: UnsafeMutableRawPointer?
) -> CInt

@_silgen_name("lgetxattr")
func linuxGetAttribute(
    _ path: UnsafePointer<CChar>, _ name: UnsafePointer<CChar>, _ value: UnsafeMutableRawPointer?,
    _ size: Int
) -> Int

@_silgen_name("lsetxattr")
func linuxSetAttribute(
    _ path: UnsafePointer<CChar>, _ name: UnsafePointer<CChar>, _ value: UnsafeRawPointer?,
    _ size: Int, _ flags: CInt
) -> CInt
