package check

// fileCodes are those of the files of a folder, whatever is in them. Loading refuses a folder that has one.
var fileCodes = []Code{
	e("bad-link", "a symbolic link leads out of the folder, nowhere, or in a circle", "put the file itself here: what is outside is not reviewed", Files),
	e("file-too-large", "a file is larger than it may be", "split it: a zone may be a folder of several files", Files, Rules),
	e("file-unreadable", "a file or a folder in it cannot be read", "mend its permissions", Files),
	e("folder-too-large", "the files of a folder are too large together", "make it several folders", Files),
	e("not-a-file", "a folder, pipe, socket or device has a file's name", "rename or remove it", Files),
	e("too-many-files", "a folder has more files than it may have", "make it several folders", Files, Rules),
}
