/* resource.h: numbers that the resource script and the program share. tests/lint/resources.py checks them. */
#ifndef CMMS_RESOURCE_H
#define CMMS_RESOURCE_H

#define IDI_APP 1

#define IDD_MAIN 101
#define IDA_MAIN 102

/* IDD_MAIN */
#define IDC_STATUS 1001
#define IDC_DATABASE_LABEL 1002
#define IDC_DATABASE 1003
#define IDC_LOCATION_LABEL 1004
#define IDC_LOCATION 1005
#define IDC_CREATE 1006
#define IDC_REFRESH 1007
#define IDC_CANCEL_JOB 1008
#define IDC_LIST_LABEL 1009
#define IDC_LIST 1010
#define IDC_PROGRESS 1011
#define IDC_PROGRESS_TEXT 1012
#define IDC_LOG_GROUP 1013
#define IDC_LOG 1014

/* The main dialog's window class; the tests find it by this name. */
#define MAIN_WINDOW_CLASS "CmmsBackupMain"

#endif
