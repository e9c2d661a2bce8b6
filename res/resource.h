/* resource.h: numbers that the resource script and the program share. tests/lint/resources.py checks them. */
#ifndef CMMS_RESOURCE_H
#define CMMS_RESOURCE_H

#define IDI_APP 1

#define IDD_MAIN 101
#define IDA_MAIN 102
#define IDA_LIST 103
#define IDR_LIST_MENU 104
#define IDD_DETAILS 105

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
#define IDC_EXPORT 1015
#define IDC_DETAILS 1016
#define IDC_VERIFY 1017
#define IDC_DELETE 1018
#define IDC_CONFIG_GROUP 1019
#define IDC_RETENTION_LABEL 1020
#define IDC_RETENTION 1021
#define IDC_MAXIMUM_LABEL 1022
#define IDC_MAXIMUM 1023
#define IDC_COMPRESS 1024
#define IDC_SAVE_CONFIG 1025

/* Commands of the list's menu and keys that have no button */
#define IDM_SHOW_IN_FOLDER 1101
#define IDM_COPY_PATH 1102
#define IDM_SELECT_ALL 1103

/* IDD_DETAILS */
#define IDC_FACTS 1201
#define IDC_TABLES 1202
#define IDC_COPY_DETAILS 1203

/* The main dialog's window class; the tests find it by this name. */
#define MAIN_WINDOW_CLASS "CmmsBackupMain"

#endif
